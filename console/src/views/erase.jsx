// Erases one memory for good: says first what goes, asks, and keeps the receipt on the page.

import { useEffect, useRef, useState } from 'preact/hooks'
import * as api from '../api.js'
import { bytes, plural } from '../format.js'
import { say } from '../state.js'
import { left } from '../sync.js'

/** Erase is the button, and the question that it asks. done gets the receipt. */
export function Erase({ id, busy, done }) {
  const [counts, setCounts] = useState(null) // what would go, while the question is open
  const [working, setWorking] = useState(false)
  const dialog = useRef()
  useEffect(() => { if (counts) dialog.current.showModal() }, [counts])
  const run = async step => {
    setWorking(true)
    try { await step() } catch (e) { say(e.message, 'bad') }
    setWorking(false)
  }
  const ask = () => run(async () => setCounts((await api.erase(id, true)).counts))
  const erase = () => run(async () => {
    const { receipt } = await api.erase(id, false)
    dialog.current?.close() // the journal may have told the page before
    left(id)
    say('Erased: the receipt is on this page.')
    done(receipt)
  })
  return (
    <>
      <button type="button" class="danger" disabled={busy || working} onClick={ask}>Erase…</button>
      {counts && (
        <dialog ref={dialog} aria-labelledby="erase-title" onClose={() => setCounts(null)} onKeyDown={e => { if (e.key === 'Escape') e.stopPropagation() }}>
          <h2 id="erase-title">Erase this memory for good?</h2>
          <p>{said(counts)} Nothing can be restored after that. Backups that were made before still have it.</p>
          <div class="acts-row">
            <button type="button" class="danger" disabled={working} onClick={erase}>{working ? 'Erasing…' : 'Erase it'}</button>
            <button type="button" autofocus disabled={working} onClick={() => dialog.current.close()}>Keep it</button>
          </div>
        </dialog>
      )}
    </>
  )
}

// Among what goes is what the memory superseded.
function said({ memories, removed, bytes: size }) {
  const all = memories + removed
  if (all === 0) return 'There is nothing left of it to erase.'
  const more = all - 1
  return `It goes with its ${bytes(size)} of data${more ? ` and the ${plural(more, 'version')} that it replaced` : ''}, out of the journal and the files.`
}

/** Receipt shows what proves an erasure, and saves it as a file. */
export function Receipt({ receipt }) {
  const text = JSON.stringify(receipt, null, 2)
  const save = () => {
    const url = URL.createObjectURL(new Blob([text, '\n'], { type: 'application/json' }))
    Object.assign(document.createElement('a'), { href: url, download: `sigil-receipt-${receipt.position}.json` }).click()
    URL.revokeObjectURL(url)
  }
  return (
    <section class="receipt" aria-labelledby="m-receipt">
      <h2 id="m-receipt">Receipt</h2>
      <p>Signed by the store, without content; <code>sigil receipt verify</code> checks it. It is shown only here, now: save it.</p>
      <div class="acts-row"><button type="button" class="primary" onClick={save}>Save the receipt</button></div>
      <pre tabindex={0} aria-label="Receipt as JSON">{text}</pre>
    </section>
  )
}
