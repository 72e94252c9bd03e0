// The forecast as a timeline: bars for the current policies, a line for another policy.

import { clock, count } from '../format.js'

const [W, H, TOP, BOTTOM] = [1000, 240, 22, 24]

export function Histogram({ bins, over }) {
  const most = Math.max(1, ...bins.map(b => b.count), ...(over ?? []).map(b => b.count))
  const y = n => TOP + (1 - Math.sqrt(n / most)) * (H - TOP - BOTTOM)
  const w = W / bins.length
  const total = bins.reduce((sum, b) => sum + b.count, 0)
  const step = over?.map((b, i) => `${i ? 'L' : 'M'}${(i * w).toFixed(1)} ${y(b.count).toFixed(1)}H${((i + 1) * w).toFixed(1)}`).join('')
  const marks = [0, 0.25, 0.5, 0.75, 1]
  const at = part => {
    const from = Date.parse(bins[0].from)
    const until = Date.parse(bins.at(-1).until)
    const time = new Date(from + (until - from) * part)
    return until - from > 36 * 3600e3 ? time.toLocaleString(undefined, { weekday: 'short', hour: '2-digit', minute: '2-digit' }) : clock(time).slice(0, 5)
  }
  const levels = [most, most / 4].map(Math.round).filter((n, i, all) => n > 0 && all.indexOf(n) === i)
  return (
    <figure class="histogram">
      <svg viewBox={`0 0 ${W} ${H}`} preserveAspectRatio="none" role="img" aria-label={`Timeline: ${count(total)} memories fade, at most ${count(Math.max(...bins.map(b => b.count)))} of them in one of ${bins.length} steps`}>
        {levels.map(n => <line key={n} class="level" x1="0" x2={W} y1={y(n)} y2={y(n)} />)}
        {bins.map((b, i) => b.count > 0 && <rect key={i} x={i * w + 1} width={w - 2} y={y(b.count)} height={H - BOTTOM - y(b.count)}><title>{`${clock(b.from)} to ${clock(b.until)}: ${count(b.count)}`}</title></rect>)}
        <line class="axis" x1="0" x2={W} y1={H - BOTTOM} y2={H - BOTTOM} />
        {step && <path class="over" d={step} />}
      </svg>
      <div class="levels" aria-hidden="true">{levels.map(n => <span key={n} style={{ top: `${(y(n) / H) * 100}%` }}>{count(n)}</span>)}</div>
      <div class="marks" aria-hidden="true">{marks.map(m => <span key={m}>{m === 0 ? 'now' : at(m)}</span>)}</div>
      <figcaption><span class="swatch bars" />as it is{over && <><span class="swatch line" />if every memory had the other policy</>}<span class="note">heights by square root, so that few are seen beside many</span></figcaption>
    </figure>
  )
}
