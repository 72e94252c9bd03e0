// The Trash: memories that faded, were evicted or were forgotten, and can be restored.

import { useEffect, useRef, useState } from 'preact/hooks'
import * as api from '../api.js'
import { date, plural, span } from '../format.js'
import { useLoad } from '../load.js'
import { memoryHref } from '../route.js'
import { now, recent } from '../state.js'
import { titleOf } from '../title.js'
import { restore } from '../undo.js'

const PAGE = 50
const EVERY = 30_000 // ms: what can no longer be restored goes without an entry in the journal
const changes = ['forgotten', 'faded', 'evicted', 'restored', 'erased']
const whys = { request: 'forgotten on request', decay: 'faded by decay', ttl: 'faded as its ttl ended', memories: 'evicted for the number of memories', bytes: 'evicted for their size' }

/** load reads as many pages as are shown. */
async function load(pages, signal) {
  const all = { removed: [], next: undefined }
  for (let i = 0; i < pages && all.next !== null; i++) {
    const page = await api.removed({ limit: PAGE, cursor: all.next }, signal)
    all.removed.push(...page.removed)
    all.next = page.next
  }
  return all
}

export function Trash() {
  const [pages, setPages] = useState(1)
  const [chosen, setChosen] = useState(new Set())
  const [busy, setBusy] = useState(false)
  const title = useRef()
  const lately = recent.value.find(e => changes.includes(e.kind))?.position ?? 0
  const found = useLoad(signal => load(pages, signal), [pages, lately], EVERY)
  const removed = (found.data?.removed ?? []).filter(r => Date.parse(r.until) > now.value)
  const picked = removed.filter(r => chosen.has(r.memory.id)).map(r => r.memory.id)
  const off = found.error?.code === 'undo_off'

  const toggle = id => setChosen(was => { const is = new Set(was); is.has(id) ? is.delete(id) : is.add(id); return is })
  const back = async ids => {
    setBusy(true)
    await restore(ids)
    setChosen(new Set())
    found.again()
    setBusy(false)
  }
  // The button that was pressed goes with its memory: the focus stays in the view.
  useEffect(() => { if (document.activeElement === document.body) title.current.focus({ preventScroll: true }) }, [found.data])

  return (
    <section class="page" aria-labelledby="trash-title">
      <h1 id="trash-title" tabindex={-1} ref={title}>Trash</h1>
      <p class="lede">What faded, was evicted or was forgotten, and can be restored: with its id, content, tags and recalls.</p>
      {off && <p class="trash-more">Nothing is kept here: the daemon runs with <code>--undo 0</code>.</p>}
      {found.error && !off && <p class="problem" role="alert">{found.error.message}</p>}
      {!found.data && !found.error && <p class="dim trash-more">Loading…</p>}
      {found.data && !off && removed.length === 0 && <p class="trash-more">Nothing was removed lately.</p>}
      {removed.length > 0 && !off && (
        <>
          <div class="trash-bar">
            <label><input type="checkbox" checked={picked.length === removed.length} indeterminate={picked.length > 0 && picked.length < removed.length}
              onChange={e => setChosen(new Set(e.currentTarget.checked ? removed.map(r => r.memory.id) : []))} />All {removed.length} shown</label>
            <button type="button" class="primary" disabled={busy || !picked.length} onClick={() => back(picked)}>Restore selected{picked.length > 0 && ` (${picked.length})`}</button>
          </div>
          <ol class="trash" aria-label="Removed memories, the last first">
            {removed.map(r => <Row key={r.memory.id} r={r} chosen={chosen.has(r.memory.id)} busy={busy} toggle={toggle} back={back} />)}
          </ol>
          {found.data.next && <button type="button" class="trash-more" disabled={found.loading} onClick={() => setPages(pages + 1)}>Show more</button>}
        </>
      )}
    </section>
  )
}

function Row({ r, chosen, busy, toggle, back }) {
  const { memory: m } = r
  const title = titleOf(m)
  const ago = Math.max(0, (now.value - Date.parse(r.removedAt)) / 1000)
  return (
    <li>
      <input type="checkbox" aria-label={`Select ${title}`} checked={chosen} onChange={() => toggle(m.id)} />
      <div>
        <a href={memoryHref(m.id)}>{title}</a>
        <p>
          <span>{whys[r.reason] ?? r.kind} <time dateTime={r.removedAt} title={date(r.removedAt)}>{ago < 60 ? 'just now' : `${span(ago)} ago`}</time></span>
          <span title={date(r.until)}>{span((Date.parse(r.until) - now.value) / 1000)} left to restore it</span>
          {m.tags?.length > 0 && <span>{plural(m.tags.length, 'tag')}: {m.tags.join(', ')}</span>}
        </p>
      </div>
      <button type="button" disabled={busy} aria-label={`Restore ${title}`} onClick={() => back([m.id])}>Restore</button>
    </li>
  )
}
