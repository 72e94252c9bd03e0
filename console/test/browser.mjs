// What the scripts share: a browser, and waiting for what a page is to show.

import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'

const path = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(p => existsSync(p))

/** launch starts the system's Chromium (or that of $CHROMIUM), without a graphics card: all is drawn in software. */
export function launch() {
  return chromium.launch({
    executablePath: path,
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      // Nothing is fetched but the page.
      '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic',
      '--disable-gpu', '--enable-unsafe-swiftshader', '--enable-precise-memory-info',
    ],
  })
}

/** eventually waits until f gives something true, and fails with what was waited for. */
export async function eventually(what, f, timeout = 15_000) {
  const end = Date.now() + timeout
  let last
  for (;;) {
    try {
      const got = await f()
      if (got) return got
      last = got
    } catch (e) { last = e.message }
    if (Date.now() > end) throw new Error(`not within ${timeout} ms: ${what} (last: ${last})`)
    await new Promise(done => setTimeout(done, 50))
  }
}

/** base is the daemon's address, the first argument. */
export function base(usage) {
  const url = process.argv[2]
  if (!url) {
    console.error(`usage: ${usage}`)
    process.exit(2)
  }
  return url.replace(/\/$/, '')
}

/** run ends the process with what main gives, or the message of what went wrong. */
export async function run(main) {
  try {
    await main()
  } catch (e) {
    console.error(`FAILED: ${e.message}`)
    if (process.env.DEBUG) console.error(e.stack)
    process.exit(1) // with whatever browser still runs
  }
}
