// The home view: every live memory at the place that follows from its hash, as bright as it is alive.

import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import * as api from '../api.js'
import { count, percent, plural, short, span, summary } from '../format.js'
import { Icon } from '../icon.jsx'
import { memoryHref, openMemory } from '../route.js'
import { useLoad } from '../load.js'
import { gone, loaded, now, stats } from '../state.js'
import { Legend } from './legend.jsx'
import { points } from './points.js'
import { Stage } from './stage.js'

const hover = signal(null) // the result of points.at, with the pointer's position
const listed = signal(false)

export function Field() {
  const box = useRef()
  const stage = useRef()
  useEffect(() => {
    const s = new Stage(box.current, { hover: h => { hover.value = h }, open: openMemory })
    stage.current = s
    return () => { hover.value = null; s.end() }
  }, [])
  const { complete, limited, count: n } = loaded.value
  return (
    <section class="field" aria-labelledby="field-title">
      <h1 id="field-title" class="hidden">Field</h1>
      <div class="stage" ref={box} tabindex={0} role="application"
        aria-label="Map of all live memories. Arrows move, plus and minus zoom, Enter opens the memory nearest to the middle. The list of the newest memories says the same in words.">
        <canvas aria-hidden="true" /><canvas class="points" aria-hidden="true" /><canvas class="lines" aria-hidden="true" />
      </div>
      {hover.value && <Tooltip h={hover.value} />}
      <Reading />
      <Legend />
      <div class="zoom" role="group" aria-label="View of the field">
        <button type="button" class="icon" aria-label="Zoom in" onClick={() => stage.current.zoom(1.5)}><Icon name="plus" /></button>
        <button type="button" class="icon" aria-label="Zoom out" onClick={() => stage.current.zoom(1 / 1.5)}><Icon name="minus" /></button>
        <button type="button" class="icon" aria-label="Show the whole field" onClick={() => stage.current.home()}><Icon name="home" /></button>
        <button type="button" class="icon" aria-label="List the newest memories" aria-expanded={listed.value} aria-controls="newest"
          onClick={() => { listed.value = !listed.value }}><Icon name="list" /></button>
      </div>
      {!complete && n > 0 && <p class="banner" role="status">Loading: {count(n)} of {count(stats.value?.memories)}</p>}
      {limited && <p class="banner" role="status">The newest {count(n)} of {count(stats.value?.memories)} memories are shown.</p>}
      {listed.value && <Newest />}
    </section>
  )
}

/** Reading shows the figures of the whole field, in a corner of the chart. */
function Reading() {
  const s = stats.value
  if (!s) return null
  const vitality = points.vitality() // it changes with time: stats are read again every few seconds
  return (
    <dl class="reading">
      <div title="of the memories shown that decay ends: neither pinned nor crystallized"><dt>Mean vitality</dt><dd>{vitality == null ? '–' : percent(vitality)}</dd></div>
      <div><dt>Crystals</dt><dd>{count(s.crystals)}</dd></div>
      <div><dt>Pinned</dt><dd>{count(s.pinned)}</dd></div>
      <div><dt>New ones live</dt><dd>{span(s.lifetimeSeconds)}</dd></div>
      <div class="wide"><dt>Next fade</dt><dd>{s.nextFade ? span((Date.parse(s.nextFade) - now.value) / 1000) : 'none'}</dd></div>
    </dl>
  )
}

// The memory's data in the tooltip is fetched once the pointer rests.
const seen = new Map()
const said = signal(0)
function Tooltip({ h }) {
  const { id } = h.point
  useEffect(() => {
    if (seen.has(id)) return
    const stop = new AbortController()
    const timer = setTimeout(async () => {
      const m = await api.peek(id, stop.signal).catch(() => null)
      if (!m) return
      if (seen.size > 500) seen.clear()
      seen.set(id, summary(m.text))
      said.value++
    }, 120)
    return () => { clearTimeout(timer); stop.abort() }
  }, [id])
  const { decay, left, pinned, crystallized } = h.point
  const right = h.x > h.width - 290
  return (
    <div class="tip" data-said={said.value} style={{ left: `${right ? h.x - 276 : h.x + 16}px`, top: `${Math.max(8, Math.min(h.y - 20, h.height - 120))}px` }}>
      <code>{seen.get(id) ?? short(id)}</code>
      <p>
        {crystallized ? 'crystallized' : pinned ? 'pinned' : `vitality ${percent(1 - decay)}`}
        {left == null ? ', does not fade' : (crystallized || pinned) ? `, its ttl ends it in ${span(left)}` : `, gone in ${span(left)}`}
      </p>
    </div>
  )
}

function Newest() {
  const { data } = useLoad(signal => api.list({ limit: 50 }, signal), [loaded.value.count], 5000)
  const newest = (data?.memories ?? []).filter(m => !gone.has(m.id))
  return (
    <div class="newest" id="newest">
      <h2>{plural(newest.length, 'newest memory', 'newest memories')}</h2>
      <ol tabindex={0} aria-label="Newest memories">
        {newest.map(m => (
          <li key={m.id}>
            <a href={memoryHref(m.id)}><code>{summary(m.text, 60)}</code>
              <small>{m.crystallized ? 'crystallized' : m.pinned ? 'pinned' : `vitality ${percent(1 - m.decay)}`}</small></a>
          </li>
        ))}
      </ol>
    </div>
  )
}
