// A plain scan over the memories, newest first, in the browser: no index, so it says how far it looks.

import { useEffect, useRef, useState } from 'preact/hooks'
import * as api from '../api.js'
import { count, percent, plural, summary } from '../format.js'
import { decoded, memoryHref } from '../route.js'

const LIMIT = 20_000
const SHOWN = 200

// compile turns "tag:note pattern:7 kettle" into a test of a memory; all parts must hold.
function compile(text) {
  const tests = []
  const narrow = {}
  for (const word of text.trim().split(/\s+/)) {
    const [, key, value] = /^(tag|pattern|id):(.+)$/.exec(word) ?? []
    const low = (value ?? word).toLowerCase()
    if (key === 'tag') tests.push(m => m.tags?.some(t => t.toLowerCase() === low))
    else if (key === 'pattern' && /^\d+$/.test(value)) narrow.pattern = value
    else if (key === 'id') tests.push(m => m.id.includes(low))
    else tests.push(m => JSON.stringify(m.data).toLowerCase().includes(low) || m.id.includes(low) || m.tags?.some(t => t.toLowerCase().includes(low)))
  }
  return { narrow, test: m => tests.every(t => t(m)) }
}

const asked = () => decoded(/^#\/search\/(.+)$/.exec(location.hash)?.[1] ?? '')

export function Search() {
  const [text, setText] = useState(asked)
  const [scan, setScan] = useState(null) // {found, hits, scanned, state: running|done|limit|canceled|failed, error}
  const running = useRef(null)

  const run = async what => {
    running.current?.abort()
    if (!what.trim()) return setScan(null)
    const stop = (running.current = new AbortController())
    const { narrow, test } = compile(what)
    const found = []
    let [scanned, hits, cursor] = [0, 0, undefined]
    const tell = (state, error) => setScan({ found: [...found], hits, scanned, state, error })
    tell('running')
    try {
      do {
        const page = await api.list({ ...narrow, cursor }, stop.signal)
        for (const m of page.memories) {
          if (!test(m)) continue
          hits++
          if (found.length < SHOWN) found.push(m)
        }
        scanned += page.memories.length
        cursor = page.next
        if (!stop.signal.aborted) tell(!cursor ? 'done' : scanned >= LIMIT ? 'limit' : 'running')
      } while (cursor && scanned < LIMIT && !stop.signal.aborted)
    } catch (e) {
      if (running.current === stop) stop.signal.aborted ? tell('canceled') : tell('failed', e)
    }
  }

  useEffect(() => {
    const look = () => {
      const what = asked()
      if (!what) return
      setText(what)
      run(what)
    }
    look()
    addEventListener('hashchange', look)
    return () => { removeEventListener('hashchange', look); running.current?.abort() }
  }, [])

  return (
    <section class="page search" aria-labelledby="search-title">
      <h1 id="search-title">Search</h1>
      <form role="search" onSubmit={e => { e.preventDefault(); run(text) }}>
        <label for="q">Text in the data, an id, <code>tag:name</code> or <code>pattern:7</code></label>
        <div class="ask">
          <input id="q" type="search" value={text} onInput={e => setText(e.currentTarget.value)} autocomplete="off" spellcheck={false} />
          <button class="primary" type="submit">Search</button>
          {scan?.state === 'running' && <button type="button" onClick={() => running.current.abort()}>Cancel</button>}
        </div>
        <small>It reads the memories one after the other, newest first, {count(LIMIT)} at most.</small>
      </form>
      <p class="found" role="status">{scan && report(scan)}</p>
      {scan?.error && <p class="problem" role="alert">{scan.error.message}</p>}
      <ol class="hits">
        {scan?.found.map(m => (
          <li key={m.id}>
            <a href={memoryHref(m.id)}><code>{summary(m.data, 160)}</code></a>
            <small>{[m.crystallized ? 'crystallized' : m.pinned ? 'pinned' : `vitality ${percent(1 - m.decay)}`, `pattern ${m.pattern}`, m.tags?.join(', ')].filter(Boolean).join(', ')}</small>
          </li>
        ))}
      </ol>
    </section>
  )
}

function report({ state, hits, scanned, found }) {
  const base = `${plural(hits, 'memory', 'memories')} found in ${count(scanned)}`
  const more = hits > found.length ? ` The first ${found.length} are shown.` : ''
  if (state === 'running') return `${base} so far…`
  if (state === 'limit') return `${base}: the limit. Older ones were not looked at.${more}`
  if (state === 'canceled') return `${base}, then canceled.${more}`
  return `${base}.${more}`
}
