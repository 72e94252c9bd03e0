// The daemon's activity: its metrics over the last minutes, and its journal as it is written.

import { useEffect, useState } from 'preact/hooks'
import * as api from '../api.js'
import { bytes, clock, count, decimal, ms, short } from '../format.js'
import { grown, mean, parseMetrics, quantile, value } from '../metrics.js'
import { memoryHref } from '../route.js'
import { recent, serverNow } from '../state.js'
import { words } from '../words.js'
import { Chart } from './chart.jsx'
import { Successor } from './successor.jsx'

const EVERY = 2000
const KEPT = 450 // 15 minutes

const rate = v => (v >= 1000 ? `${(v / 1000).toFixed(1)}k` : v >= 10 || v === 0 ? String(Math.round(v)) : v.toFixed(1))
// The requests of the stream and of these readings would drown those that matter.
const served = l => !/metrics|healthz|readyz|\/v1\/(events|stats|identity|ws)$/.test(l.route ?? '')
const charts = [
  { title: 'Per second', say: rate, series: [['encodes', '--gold'], ['releases', '--bad'], ['recalls', '--ice']],
    of: (a, b, s) => [grown(a, b, 'sigil_encode_total') / s, grown(a, b, 'sigil_gc_released_total') / s,
      grown(a, b, 'sigil_recall_total') / s] },
  { title: 'Requests', say: ms, series: [['p50', '--gold'], ['p99', '--ice']],
    of: (a, b) => [0.5, 0.99].map(q => quantile(a, b, 'http_request_duration_seconds', q, served)) },
  { title: 'Memories', say: v => (v >= 10000 ? `${(v / 1000).toFixed(1)}k` : count(v)), series: [['held', '--gold'], ['crystals', '--ice']],
    of: (_, b) => [value(b, 'sigil_memories'), value(b, 'sigil_crystals')] },
  { title: 'Commit batch', say: v => decimal(v, v < 10 ? 1 : 0), series: [['mean size', '--gold']], of: (a, b) => [mean(a, b, 'sigil_commit_batch_size')] },
  { title: 'Sweeps', say: ms, series: [['decay', '--gold'], ['crystallize', '--ice']],
    of: (a, b) => ['decay', 'crystallize'].map(job => mean(a, b, 'sigil_gc_sweep_duration_seconds', l => l.job === job)) },
  { title: 'Heap and disk', say: v => (v ? bytes(v).replace(/\.0+ /, ' ') : '0'), steps: Array.from({ length: 32 }, (_, i) => 2 ** (i + 10)), series: [['in use', '--gold'], ['disk', '--ice']],
    of: (_, b) => [value(b, 'go_memstats_heap_inuse_bytes'), value(b, 'sigil_store_disk_bytes')] },
]

// Kept while the page is open, so that the view shows earlier readings when it is opened again.
let previous = null
let history = charts.map(c => [[], ...c.series.map(() => [])])

async function read(signal) {
  const samples = parseMetrics(await api.metrics(signal))
  const time = serverNow() / 1000
  // A gap of more than a few readings would look like one slow step: start over after it.
  if (previous && time > previous.time && time - previous.time < 30) {
    history = charts.map((c, i) => {
      const row = [time, ...c.of(previous.samples, samples, time - previous.time)]
      return history[i].map((column, j) => [...column.slice(-KEPT), row[j]])
    })
  }
  previous = { samples, time }
}

export function Activity() {
  const [, draw] = useState(0)
  const [error, setError] = useState(null)
  useEffect(() => {
    const stop = new AbortController()
    let timer
    const run = async () => {
      if (!document.hidden) {
        try {
          await read(stop.signal)
          setError(null)
        } catch (e) { if (!stop.signal.aborted) setError(e) }
        draw(n => n + 1)
      }
      if (!stop.signal.aborted) timer = setTimeout(run, history[0][0].length ? EVERY : 500)
    }
    run()
    return () => { stop.abort(); clearTimeout(timer) }
  }, [])
  return (
    <section class="page activity" aria-labelledby="activity-title">
      <h1 id="activity-title">Activity</h1>
      <p class="lede">The whole daemon, read every two seconds while this view is open.</p>
      {error && <p class="problem" role="alert">{error.message}</p>}
      <div class="charts">
        {charts.map((c, i) => {
          // The disk is shown only if the daemon reports it.
          const known = c.series.map((_, j) => j).filter(j => c.series[j][0] !== 'disk' || history[i][j + 1].some(v => v != null))
          return <Chart key={c.title + known.length} title={c.title} say={c.say} steps={c.steps} series={known.map(j => ({ name: c.series[j][0], color: c.series[j][1] }))}
            data={[history[i][0], ...known.map(j => history[i][j + 1])]} />
        })}
      </div>
      <Journal />
    </section>
  )
}

function Journal() {
  const rows = recent.value.slice(0, 60)
  return (
    <section aria-labelledby="journal-title">
      <h2 id="journal-title">Journal</h2>
      {rows.length === 0 && <p class="dim">Nothing has happened yet.</p>}
      <ol class="journal" tabindex={0} aria-labelledby="journal-title">
        {rows.map(e => (
          <li key={e.position} class={e.kind}>
            <time dateTime={e.time}>{clock(e.time)}</time><b>{e.kind}</b>
            {e.signature ? <span>code <code title={e.signature.sha256}>{short(e.signature.sha256)}</code></span>
              : e.id ? <a href={memoryHref(e.id)}><code>{short(e.id)}</code></a> : <span>{e.kind === 'policy' ? 'tenant' : e.crystal ? `pattern ${e.crystal.pattern ?? ''}` : ''}</span>}
            <span class="dim">{words(e)}<Successor id={e.supersededBy} /></span>
          </li>
        ))}
      </ol>
    </section>
  )
}
