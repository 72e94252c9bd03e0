// The panel of one memory: its content, why it lives, how long it has, and what can be done with it.

import { useEffect, useRef, useState } from 'preact/hooks'
import * as api from '../api.js'
import { patternHref, tagHref } from '../ask.js'
import { bytes, count, date, decimal, plural, short, span } from '../format.js'
import { lattice, parseDuration } from '../formulas.js'
import { pretty } from '../json.js'
import { useLoad } from '../load.js'
import { closePanel, memoryHref } from '../route.js'
import { gone as left, neighbors, now, recalls, recent, say, selected, stillness, warned } from '../state.js'
import { left as leave, recalled } from '../sync.js'
import { titleOf } from '../title.js'
import { restore } from '../undo.js'
import { words } from '../words.js'
import { Curve } from './curve.jsx'
import { Erase, Receipt } from './erase.jsx'
import { Lattice } from './lattice.jsx'
import { Successor } from './successor.jsx'

const POLL = 5000
const removes = ['forgotten', 'faded', 'evicted']

export function MemoryPanel({ id }) {
  // Load the memory again when the journal has an entry for it or a recall is announced. A busy stream may leave out
  // recalls, so it is also loaded again every POLL.
  const lately = recent.value.find(e => e.id === id)?.position ?? 0
  const recalledAt = recalls.value.find(m => m.id === id)?.lastAccessed
  const seen = useRef()
  seen.current = recalledAt ?? seen.current
  const memory = useLoad(signal => api.peek(id, signal), [id, lately, seen.current], POLL)
  const why = useLoad(signal => api.explain(id, signal), [id, lately, memory.data?.lastAccessed])
  const near = useLoad(signal => api.related(id, signal), [id])
  const gone = memory.error?.status === 404 || memory.error?.code === 'superseded'
  const [erased, setErased] = useState(null) // {id, receipt}
  const done = receipt => { setErased({ id, receipt }); memory.again(); why.again() }
  const receipt = erased?.id === id ? erased.receipt : null
  const known = receipt || why.error || why.data?.lastEvent?.kind === 'erased' ? null : why.data // what was erased explains nothing

  useEffect(() => {
    selected.value = id
    return () => { selected.value = null; neighbors.value = [] }
  }, [id])
  useEffect(() => { neighbors.value = near.data?.related ?? [] }, [near.data])

  const m = memory.data
  if (gone) return <Gone id={id} why={known} last={known ? m : null} by={memory.error.body?.supersededBy} receipt={receipt} erased={done} changed={() => { memory.again(); why.again() }} />
  if (!m) {
    return (
      <article class="memory">
        <h1 class="hidden">Memory</h1>
        {memory.error ? <p class="problem" role="alert">{memory.error.message}</p> : <p class="dim">Loading…</p>}
      </article>
    )
  }
  return (
    <article class="memory">
      <header>
        <p class="kinds">{kinds(m)}</p>
        <h1>{titleOf(m)}</h1>
        <code class="id">{m.id}</code>
      </header>
      <Countdown m={m} />
      <Warnings id={m.id} />
      <Acts m={m} erased={done} changed={() => { memory.again(); why.again() }} />
      {memory.error && <p class="problem" role="alert">{memory.error.message}</p>}
      <section aria-labelledby="m-data">
        <h2 id="m-data">Data</h2>
        <pre tabindex={0} aria-label="Data as JSON">{pretty(m.text)}</pre>
        {m.tags?.length > 0 && <ul class="tags" aria-label="Tags">{m.tags.map(t => <li key={t}><a href={tagHref(t)}>{t}</a></li>)}</ul>}
      </section>
      <Decay m={m} why={why} />
      {m.crystallized && (
        <section aria-labelledby="m-lattice">
          <h2 id="m-lattice">Crystal lattice</h2>
          <Lattice lattice={lattice(m.state)} size={220} />
        </section>
      )}
      <Figures m={m} />
      <Neighbors near={near} />
      <History why={why.data} />
    </article>
  )
}

const kinds = m => [m.crystallized && 'crystallized', m.pinned && 'pinned', !m.crystallized && !m.pinned && 'fading'].filter(Boolean).join(', ')

const kept = m => m.pinned || m.crystallized // decay does not end it

/** endsByTTL reports whether a memory's ttl ends it before decay does. */
const endsByTTL = m => Boolean(m.fadesAt && m.ttl) && (kept(m) || Math.abs(Date.parse(m.createdAt) / 1000 + parseDuration(m.ttl) - Date.parse(m.fadesAt) / 1000) < 1)

/** untouched returns how long a memory lives after its last access, whichever limit ends it first. */
function untouched(m) {
  if (!m.fadesAt) return 'without end'
  const s = (Date.parse(m.fadesAt) - Date.parse(m.lastAccessed)) / 1000
  return `${span(s)}, until ${endsByTTL(m) ? 'its ttl ends' : 'it has decayed'}`
}

function Countdown({ m }) {
  const left = m.fadesAt ? (Date.parse(m.fadesAt) - now.value) / 1000 : null
  const ttl = endsByTTL(m)
  return (
    <p class="countdown">
      <b>{left == null ? 'Does not fade' : left <= 0 ? 'Fading now' : span(left)}</b>
      <span>{left == null ? (m.crystallized ? 'crystallized' : m.pinned ? 'while it is pinned' : '') : ttl ? 'left: its ttl ends it, whatever is recalled' : 'left, unless it is recalled'}</span>
    </p>
  )
}

// The warnings of the encode's answer, until another memory is encoded here.
function Warnings({ id }) {
  if (warned.value?.id !== id) return null
  const { warnings, duplicateOf } = warned.value
  if (!warnings.length && !duplicateOf) return null
  return (
    <div class="warnings" role="status">
      {duplicateOf && <p>The same content was there already: <a href={memoryHref(duplicateOf)}><code>{short(duplicateOf)}</code></a>.</p>}
      {warnings.map(w => <p key={w.code}>{w.field} {w.detail}.</p>)}
    </div>
  )
}

function Acts({ m, erased, changed }) {
  const [busy, setBusy] = useState(false)
  const dialog = useRef()
  const undo = useLoad(api.undoSeconds, [m.id])
  const act = async (verb, done) => {
    setBusy(true)
    try {
      recalled(await api.act(m.id, verb))
      changed()
      say(done)
    } catch (e) { say(e.message, 'bad') }
    setBusy(false)
  }
  const forget = async () => {
    dialog.current.close()
    setBusy(true)
    try {
      const until = await api.forget(m.id)
      leave(m.id)
      say('Forgotten.', 'good', until && { label: 'Undo', run: () => restore([m.id]) })
      closePanel()
    } catch (e) { say(e.message, 'bad'); setBusy(false) }
  }
  return (
    <div class="acts-row" role="group" aria-label="Acts">
      <button type="button" class="primary" disabled={busy} onClick={() => act('recall', 'Recalled: its decay begins anew.')}>Recall</button>
      {m.pinned
        ? <button type="button" disabled={busy} onClick={() => act('unpin', 'Unpinned: it fades again.')}>Unpin</button>
        : <button type="button" disabled={busy} onClick={() => act('pin', m.ttl ? 'Pinned: nothing but its ttl ends it.' : 'Pinned: it does not fade.')}>Pin</button>}
      <button type="button" class="danger" disabled={busy} onClick={() => dialog.current.showModal()}>Forget</button>
      <Erase id={m.id} busy={busy} done={erased} />
      <dialog ref={dialog} aria-labelledby="forget-title" onKeyDown={e => { if (e.key === 'Escape') e.stopPropagation() }}>
        <h2 id="forget-title">Forget this memory?</h2>
        <p>{undo.data === 0 ? 'Forgetting cannot be undone here.' : `It can be restored from the Trash ${undo.data ? `for ${span(undo.data)}` : 'for a while'}.`}</p>
        <div class="acts-row">
          <button type="button" class="danger" onClick={forget}>Forget it</button>
          <button type="button" autofocus onClick={() => dialog.current.close()}>Keep it</button>
        </div>
      </dialog>
    </div>
  )
}

function Decay({ m, why }) {
  const idle = Math.max(0, (now.value - Date.parse(m.lastAccessed)) / 1000)
  const end = m.fadesAt && m.ttl ? (Date.parse(m.fadesAt) - Date.parse(m.lastAccessed)) / 1000 : null
  const w = why.data
  return (
    <section aria-labelledby="m-decay" data-still={stillness.value}>
      <h2 id="m-decay">Decay</h2>
      <Curve policy={m.policy} idle={idle} end={end} keeps={kept(m)} threshold={w?.threshold} />
      {w && (
        <div class="derivation">
          <p>{w.reason}</p>
          <ol>
            <li><span>Formula</span><code>{w.formula}</code></li>
            <li><span>Worked</span><code>{w.worked}</code></li>
            <li><span>Threshold</span><code>{w.threshold}</code></li>
            <li><span>Lives untouched</span><code>{untouched(m)}</code></li>
            <li><span>Fades at</span><code>{date(m.fadesAt)}</code></li>
          </ol>
        </div>
      )}
      {!w && why.error && <p class="dim">No explanation: {why.error.message}</p>}
    </section>
  )
}

function Figures({ m }) {
  const rows = [
    ['Pattern', <a href={patternHref(m.pattern)}>{m.pattern}</a>],
    ['Potential', decimal(m.potential)], ['Frequency', decimal(m.frequency, 6)],
    ['φ', decimal(m.state?.phi)], ['Coherence', decimal(m.state?.coherence)], ['Awareness', decimal(m.state?.awareness)],
    ['Emotional resonance', decimal(m.state?.emotionalResonance)],
    ['Recalls', count(m.accessCount)], ['Created', date(m.createdAt)], ['Last accessed', date(m.lastAccessed)],
    ['ttl', m.ttl ?? 'none'], ['Policy', m.policy], ['Size', bytes(new Blob([m.text]).size)],
  ]
  return (
    <section aria-labelledby="m-figures">
      <h2 id="m-figures">Figures</h2>
      <dl class="figures">{rows.map(([k, v]) => <div key={k}><dt>{k}</dt><dd>{v}</dd></div>)}
        <div class="wide"><dt>Hash</dt><dd><code>{m.hash}</code></dd></div></dl>
    </section>
  )
}

function Neighbors({ near }) {
  const all = (near.data?.related ?? []).filter(n => !left.has(n.id))
  if (!all.length) return null
  return (
    <section aria-labelledby="m-near">
      <h2 id="m-near">Resonates with</h2>
      <ol class="near">
        {all.slice(0, 8).map(n => (
          <li key={n.id}><a href={memoryHref(n.id)}><code>{short(n.id)}</code></a><span class="bar" style={{ '--part': Math.max(0, Math.min(1, n.resonance)) }} /><span>{decimal(n.resonance)}</span></li>
        ))}
      </ol>
      {all.length > 8 && <small>and {plural(all.length - 8, 'other')}, drawn in the field</small>}
    </section>
  )
}

const decayed = a => `decay ${decimal(a.decay)} after ${span(a.idleSeconds)}`

function History({ why }) {
  if (!why) return null
  return (
    <section aria-labelledby="m-history">
      <h2 id="m-history">History</h2>
      <ol class="history">
        {!why.historyComplete && <li class="dim">What came before is no longer in the journal.</li>}
        {why.history.map(e => (
          <li key={e.position}><time dateTime={e.time}>{date(e.time)}</time><b>{e.kind}</b>
            <span class="dim">{words(e, decayed)}<Successor id={e.supersededBy} /></span></li>
        ))}
      </ol>
      <small>Recalls are counted, not journaled.</small>
    </section>
  )
}

function Gone({ id, why, last, by, receipt, erased, changed }) {
  const undo = useLoad(api.undoSeconds, [id, why?.lastEvent?.position])
  const [busy, setBusy] = useState(false)
  const end = why?.lastEvent
  const left = end && removes.includes(end.kind) && undo.data ? (Date.parse(end.time) - now.value) / 1000 + undo.data : 0
  const bringBack = async () => {
    setBusy(true)
    await restore([id])
    changed()
    setBusy(false)
  }
  return (
    <article class="memory">
      <header>
        <p class="kinds">gone</p>
        <h1>{last ? titleOf(last) : 'This memory is gone'}</h1>
        <code class="id">{id}</code>
      </header>
      {by && <p>Its place was taken by<Successor id={by} />, which has its history.</p>}
      <p>{why ? why.reason : receipt ? 'It was erased for good.' : 'There is no such memory, or no longer.'}</p>
      {left > 0 && (
        <div class="acts-row back" role="group" aria-label="Acts">
          <button type="button" class="primary" disabled={busy} onClick={bringBack}>Restore</button>
          <Erase id={id} busy={busy} done={erased} />
          <span class="dim">can be restored for another {span(left)}</span>
        </div>
      )}
      {receipt && <Receipt receipt={receipt} />}
      {why?.worked && <div class="derivation"><ol><li><span>Formula</span><code>{why.formula}</code></li><li><span>Worked</span><code>{why.worked}</code></li></ol></div>}
      <History why={why} />
    </article>
  )
}
