// What is lost if nothing is recalled, and how another policy would change that. It sets nothing.

import { useEffect, useState } from 'preact/hooks'
import * as api from '../api.js'
import { bytes, count, date, duration, plural, short, span } from '../format.js'
import { useLoad } from '../load.js'
import { memoryHref } from '../route.js'
import { gone, live, loaded, now, say, tenant } from '../state.js'
import { Histogram } from './histogram.jsx'

const spans = [['1h', '1 hour'], ['24h', '24 hours'], ['7d', '7 days']]
const TAGS = 100 // the most tags that the daemon lists
const MINUTE = 60
const YEAR = 365 * 86400
const RATIO = YEAR / MINUTE
// The slider goes from 0 to 1000, logarithmically from a minute to a year, and selects whole minutes.
const halfOf = v => Math.round((MINUTE * RATIO ** (v / 1000)) / 60) * 60

export function Forecast() {
  const [within, setWithin] = useState('24h')
  const [kind, setKind] = useState('none') // the proposed policy: none | halflife | classic
  const [slider, setSlider] = useState(560)
  const half = useSettled(halfOf(slider), 250)
  // Load again every 15 s, or when the number of memories has changed.
  const still = useSettled(loaded.value.count, 1500)
  const base = useLoad(s => api.forecast({ within, bins: 48, limit: 100 }, s), [within, still, tenant.value], 15000)
  const other = useLoad(async s => (kind === 'none' ? null : api.forecast({
    within, bins: 48, limit: 1, policy: kind === 'halflife' ? `halflife h=${duration(half)}` : kind,
  }, s)), [within, kind, half, still, tenant.value])
  const f = base.data
  const p = kind === 'none' ? null : other.data
  return (
    <section class="page forecast" aria-labelledby="forecast-title">
      <div class="head">
        <div><h1 id="forecast-title">Forecast</h1><p class="lede">What fades if nothing is recalled.</p></div>
        <fieldset class="choice"><legend class="hidden">Within the next</legend>
          {spans.map(([value, words]) => (
            <label key={value}><input type="radio" name="within" value={value} checked={within === value} onChange={() => setWithin(value)} /><span>{words}</span></label>
          ))}
        </fieldset>
      </div>
      {base.error && <p class="problem" role="alert">{base.error.message}</p>}
      {f && (
        <>
          <div class="sums">
            <p><b data-test="fading">{count(f.fading)}</b><span>of {plural(f.live ?? live.value, 'memory', 'memories')} fade within {spans.find(s => s[0] === within)[1]}</span></p>
            <p><b>{bytes(f.bytes)}</b><span>of their data</span></p>
            <p><b>{f.memories[0] ? span((Date.parse(f.memories[0].fadesAt) - now.value) / 1000) : 'none'}</b><span>until the first of them</span></p>
          </div>
          <Histogram bins={f.bins} over={p?.bins} />
          <Proposal {...{ kind, setKind, slider, setSlider, p, error: other.error }} />
          <div class="columns">
            <Shares title="By pattern" rows={f.patterns.map(x => [`pattern ${x.pattern}`, x.count])} />
            <Shares title="By tag" rows={f.tags.map(x => [x.tag, x.count])} most={TAGS} />
          </div>
          <Soonest memories={f.memories} fading={f.fading} />
        </>
      )}
      {!f && !base.error && <p class="dim">Reckoning…</p>}
    </section>
  )
}

function useSettled(value, ms) {
  const [settled, set] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => set(value), ms)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}

/** Proposal tries another policy on the existing memories. */
function Proposal({ kind, setKind, slider, setSlider, p, error }) {
  const half = halfOf(slider)
  const flags = kind === 'classic' ? 'sigil serve --policy classic' : `sigil serve --policy halflife --half-life ${duration(half)}`
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(flags)
      say('Copied.')
    } catch { say('The browser did not let me copy; select the text instead.', 'bad') }
  }
  return (
    <section class="proposal" aria-labelledby="proposal-title">
      <h2 id="proposal-title">Under another policy</h2>
      <div class="settings">
        <fieldset class="choice"><legend class="hidden">Policy to try</legend>
          {[['none', 'as it is'], ['halflife', 'half-life'], ['classic', 'classic']].map(([value, words]) => (
            <label key={value}><input type="radio" name="policy" value={value} checked={kind === value} onChange={() => setKind(value)} /><span>{words}</span></label>
          ))}
        </fieldset>
        {kind === 'halflife' && (
          <div class="slider">
            <label for="half">Half-life <output for="half">{span(half)}</output></label>
            <input id="half" type="range" min="0" max="1000" step="5" value={slider} aria-valuetext={span(half)} onInput={e => setSlider(Number(e.currentTarget.value))} />
            <div class="ends" aria-hidden="true"><span>1 min</span><span>1 h</span><span>1 d</span><span>1 y</span></div>
          </div>
        )}
      </div>
      {kind !== 'none' && (
        <div class="verdict">
          <p role="status" data-test="verdict">{error ? <span class="problem">{error.message}</span> : p ? verdict(p) : 'Reckoning…'}</p>
          <div class="flags"><code>{flags}</code><button type="button" onClick={copy}>Copy</button></div>
          <small>This page sets nothing; the line above starts a daemon with the policy.</small>
        </div>
      )}
    </section>
  )
}

// Show both: the effect of the command at once, and that of the policy once every memory has been touched
// under it.
function verdict(p) {
  const d = p.fading - p.fadingByOwnPolicy
  const now = p.fadingByOwnPolicy
  return (
    <>
      <span data-test="set">Setting this policy now removes nothing by itself: <b>{count(now)}</b> {now === 1 ? 'fades' : 'fade'} in this time if nothing is recalled, as without
        it. A memory takes a policy with its next recall; what is recalled or encoded from then on lives {span(p.lifetimeSeconds)} untouched.</span>
      {' '}
      <span data-test="all">If every memory had it since it was last touched, {d ? <><b>{count(Math.abs(d))} {d < 0 ? 'fewer' : 'more'}</b> would be lost: {count(p.fading)} in place of {count(now)}.</>
        : <>as many would be lost.</>}</span>
    </>
  )
}

function Shares({ title, rows, most: listed }) {
  const most = Math.max(1, ...rows.map(r => r[1]))
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {rows.length === 0 && <p class="dim">None.</p>}
      <ol class="near">
        {rows.slice(0, 10).map(([name, n]) => <li key={name}><span class="name">{name}</span><span class="bar" style={{ '--part': n / most }} /><span>{count(n)}</span></li>)}
      </ol>
      {rows.length > 10 && <small>and {rows.length === listed ? 'more' : plural(rows.length - 10, 'other')}</small>}
    </section>
  )
}

function Soonest({ memories: all, fading }) {
  const memories = all.filter(m => !gone.has(m.id))
  if (!memories.length) return null
  return (
    <section aria-labelledby="soonest">
      <h2 id="soonest">Soonest first</h2>
      <div class="scroll" tabindex={0} role="group" aria-label="Table of what fades soonest">
        <table>
          <thead><tr><th scope="col">Memory</th><th scope="col">Tags</th><th scope="col" class="number">Pattern</th><th scope="col" class="number">Left</th><th scope="col">Fades at</th></tr></thead>
          <tbody>
            {memories.map(m => (
              <tr key={m.id}><td><a href={memoryHref(m.id)}><code>{short(m.id)}</code></a></td><td>{m.tags?.join(', ')}</td><td class="number">{m.pattern}</td>
                <td class="number">{span((Date.parse(m.fadesAt) - now.value) / 1000)}</td><td>{date(m.fadesAt)}</td></tr>
            ))}
          </tbody>
        </table>
      </div>
      {fading > memories.length && <small>The first {count(memories.length)} of {count(fading)}.</small>}
    </section>
  )
}
