// The decay of a memory over its idle time, with the present and its end marked.

import { decay, lifetime, parsePolicy } from '../formulas.js'
import { percent, span } from '../format.js'

const [W, H, LEFT, BOTTOM] = [460, 170, 38, 24]

export function Curve({ policy, idle, end, threshold = 0.95, keeps }) {
  const p = parsePolicy(policy)
  const life = lifetime(p)
  const to = Math.max(life * 1.12, keeps ? 0 : Math.min(idle * 1.05, life * 3))
  const x = t => LEFT + (Math.min(t, to) / to) * (W - LEFT - 6)
  const y = d => 10 + (1 - d) * (H - BOTTOM - 10)
  const path = Array.from({ length: 90 }, (_, i) => {
    const t = (to * i) / 89
    return `${i ? 'L' : 'M'}${x(t).toFixed(1)} ${y(decay(p, t)).toFixed(1)}`
  }).join('')
  const d = decay(p, idle)
  const nowX = x(idle)
  const flip = nowX > W - 130
  // The label avoids the curve: below it if it bends down, above it if it bends up.
  const bendsDown = p.kind === 'halflife'
  const side = flip ? -9 : bendsDown && d < 0.15 ? 26 : 9
  const beside = bendsDown && !flip ? Math.min(y(0) - 6, y(d) + 16) : Math.max(24, Math.min(y(0) - 12, y(d) + (bendsDown ? 20 : -10)))
  return (
    <svg class="curve" viewBox={`0 0 ${W} ${H}`} role="img"
      aria-label={`Decay over idle time. Now, after ${span(idle)} idle, it is ${percent(d)}; ${keeps ? 'it does not end this memory' : `it passes the threshold of ${percent(threshold)} after ${span(life)}`}.`}>
      <line class="axis" x1={LEFT} y1={y(0)} x2={W - 6} y2={y(0)} />
      {!keeps && <line class="limit" x1={LEFT} y1={y(threshold)} x2={W - 6} y2={y(threshold)} />}
      {!keeps && <text x={LEFT - 6} y={y(threshold) + 4} text-anchor="end">{threshold}</text>}
      <text x={LEFT - 6} y={y(0) + 4} text-anchor="end">0</text>
      <text x={LEFT} y={H - 6}>0 s idle</text>
      {keeps
        ? <text x={W - 6} y={H - 6} text-anchor="end">decay does not end it</text>
        : <text x={x(life)} y={H - 6} text-anchor="end">{span(life)}</text>}
      {!keeps && <line class="axis" x1={x(life)} y1={y(0)} x2={x(life)} y2={y(0) + 5} />}
      <path class={keeps ? 'line keeps' : 'line'} d={path} />
      {end != null && end < life * 0.999 && end >= 0 && (
        <g class="end"><line x1={x(end)} y1={y(1)} x2={x(end)} y2={y(0)} /><text x={x(end) - 5} y={y(0) - 6} text-anchor="end">ttl</text></g>
      )}
      <line class="now" x1={nowX} y1={y(1)} x2={nowX} y2={y(0)} />
      <circle class="now" cx={nowX} cy={y(d)} r="4" />
      <text class="now" x={nowX + side} y={beside} text-anchor={flip ? 'end' : 'start'}>now, {d < 0.01 ? d.toFixed(4) : d.toFixed(3)}</text>
    </svg>
  )
}
