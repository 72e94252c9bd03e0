// A plain scan over the memories, newest first, in the browser. There is no index, so it shows how far it has
// come.

import { useEffect, useRef, useState } from 'preact/hooks'
import * as api from '../api.js'
import { count, percent, plural, summary } from '../format.js'
import { Problem } from '../api.js'
import { decoded, memoryHref, replace } from '../route.js'
import { gone } from '../state.js'
import { compile } from '../terms.js'

const LIMIT = 20_000
const SHOWN = 200

const asked = () => decoded(/^#\/search\/(.+)$/.exec(location.hash)?.[1] ?? '')

export function Search() {
  const [text, setText] = useState(asked)
  const [scan, setScan] = useState(null) // {what, found, hits, scanned, cursor, state: running|done|limit|canceled|failed, error}
  const running = useRef(null)
  const shown = useRef('') // the text that the scan searches for

  // run searches for the typed text, or continues a scan that reached its limit.
  const run = async (what, from) => {
    running.current?.abort()
    shown.current = what
    if (!what.trim()) return setScan(null)
    const stop = (running.current = new AbortController())
    const { id, only, narrow, test } = compile(what)
    const found = [...(from?.found ?? [])]
    let { hits, scanned, cursor } = from ?? { hits: 0, scanned: 0 }
    const end = scanned + LIMIT
    const tell = (state, error) => { if (running.current === stop) setScan({ what, found: [...found], hits, scanned, cursor, state, error }) }
    const take = m => {
      if (found.some(f => f.id === m.id)) return
      hits++
      if (found.length < SHOWN) found.push(m)
    }
    tell('running')
    try {
      if (id && !from) {
        const m = await api.peek(id, stop.signal).catch(e => { if (e instanceof Problem && e.status === 404) return null; throw e })
        if (m && test(m)) take(m)
        if (only) scanned = 1
      }
      if (!only) {
        do {
          const page = await api.list({ ...narrow, cursor }, stop.signal)
          page.memories.filter(test).forEach(take)
          scanned += page.memories.length
          cursor = page.next
          if (!stop.signal.aborted) tell('running')
        } while (cursor && scanned < end && !stop.signal.aborted)
      }
      if (!stop.signal.aborted) tell(only ? 'id' : cursor ? 'limit' : 'done')
    } catch (e) { stop.signal.aborted ? tell('canceled') : tell('failed', e) }
  }

  useEffect(() => {
    const look = () => {
      const what = asked()
      if (!what || what === shown.current) return
      setText(what)
      run(what)
    }
    look()
    addEventListener('hashchange', look)
    return () => { removeEventListener('hashchange', look); running.current?.abort(); running.current = null }
  }, [])

  // The search is part of the address, so that Back repeats it.
  const submit = e => {
    e.preventDefault()
    if (!/^#\/(memory|encode)/.test(location.hash)) replace(text.trim() ? `#/search/${encodeURIComponent(text)}` : '#/search')
    run(text)
  }
  const hits = scan?.found.filter(m => !gone.has(m.id)) ?? []
  const left = scan ? { ...scan, found: hits, hits: scan.hits - (scan.found.length - hits.length) } : null
  return (
    <section class="page search" aria-labelledby="search-title">
      <h1 id="search-title">Search</h1>
      <form role="search" onSubmit={submit}>
        <label for="q">Text in the data, <code>"in one piece"</code>, an id, <code>tag:name</code> or <code>pattern:7</code></label>
        <div class="ask">
          <input id="q" type="search" value={text} onInput={e => setText(e.currentTarget.value)} autocomplete="off" spellcheck={false} />
          <button class="primary" type="submit">Search</button>
          {scan?.state === 'running' && <button type="button" onClick={() => running.current.abort()}>Cancel</button>}
        </div>
        <small>It reads the memories one after the other, newest first, {count(LIMIT)} at a time. A whole id is found at once.</small>
      </form>
      <p class="found" role="status">{left && report(left)}</p>
      {scan?.state === 'limit' && <button type="button" onClick={() => run(scan.what, scan)}>Look further</button>}
      {scan?.error && <p class="problem" role="alert">{scan.error.message}</p>}
      <ol class="hits">
        {hits.map(m => (
          <li key={m.id}>
            <a href={memoryHref(m.id)}><code>{summary(m.text, 160)}</code></a>
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
  if (state === 'id') return found.length ? 'Found by its id.' : 'No memory has this id, or no longer.'
  if (state === 'running') return `${base} so far…`
  if (state === 'limit') return `${base}. Older ones were not looked at yet.${more}`
  if (state === 'canceled') return `${base}, then canceled.${more}`
  return `${base}.${more}`
}
