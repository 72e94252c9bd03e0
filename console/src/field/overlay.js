// Draws what is under and over the points: the chart's lines, the open memory, its neighbors, and the
// pointer.

import { PHI } from '../formulas.js'
import { STRIDE, points } from './points.js'

/** spiral is the arm along which all memories lie. */
const spiral = Array.from({ length: 241 }, (_, i) => {
  const v = i / 240
  const a = v * 2 * Math.PI * PHI
  return [v * PHI * Math.cos(a), v * PHI * Math.sin(a)]
})

export function drawOverlay(canvas, camera, look, { hovered, selected, neighbors, cross }) {
  const c = canvas.getContext('2d')
  c.setTransform(look.ratio, 0, 0, look.ratio, 0, 0)
  c.clearRect(0, 0, camera.width, camera.height)

  const where = id => {
    const i = points.slot.get(id)
    return i === undefined ? null : camera.toScreen(points.rows[i * STRIDE], points.rows[i * STRIDE + 1])
  }
  const from = selected && where(selected)
  if (from) {
    c.lineWidth = 1
    for (const n of neighbors) {
      const to = where(n.id)
      if (!to) continue
      c.strokeStyle = look.css.ice
      c.globalAlpha = 0.25 + 0.6 * Math.max(0, Math.min(1, n.resonance ?? 0.5))
      c.beginPath()
      c.moveTo(...from)
      c.lineTo(...to)
      c.stroke()
      circle(c, to, 4)
    }
    c.globalAlpha = 1
    c.strokeStyle = look.css.gold
    c.lineWidth = 1.5
    circle(c, from, 11)
    ticks(c, from, 11, 17)
  }
  if (hovered >= 0 && hovered < points.count) {
    c.strokeStyle = look.css.ink
    c.lineWidth = 1
    circle(c, camera.toScreen(points.rows[hovered * STRIDE], points.rows[hovered * STRIDE + 1]), 8)
  }
  if (cross) { // with the keyboard, the middle of the view is the pointer
    c.strokeStyle = look.css.gold
    ticks(c, [camera.width / 2, camera.height / 2], 6, 12)
  }
}

/** drawChart draws the lines under the points. */
export function drawChart(canvas, camera, look) {
  const c = canvas.getContext('2d')
  c.setTransform(look.ratio, 0, 0, look.ratio, 0, 0)
  c.clearRect(0, 0, camera.width, camera.height)
  const [cx, cy] = camera.toScreen(0, 0)
  c.strokeStyle = look.css.grid
  c.lineWidth = 1
  for (let k = 1; k <= 4; k++) circle(c, [cx, cy], (PHI / 4) * k * camera.scale)
  const r = 1.69 * camera.scale
  circle(c, [cx, cy], r)
  c.beginPath()
  for (let d = 0; d < 360; d += 3) {
    const a = (d * Math.PI) / 180
    const len = d % 30 === 0 ? 9 : d % 15 === 0 ? 6 : 3
    c.moveTo(cx + Math.cos(a) * r, cy + Math.sin(a) * r)
    c.lineTo(cx + Math.cos(a) * (r + len), cy + Math.sin(a) * (r + len))
  }
  c.stroke()
  c.beginPath()
  for (const [i, [x, y]] of spiral.entries()) c[i ? 'lineTo' : 'moveTo'](...camera.toScreen(x, y))
  c.setLineDash([1, 5])
  c.stroke()
  c.setLineDash([])
  c.fillStyle = look.css.faint
  c.font = '10px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace'
  c.textAlign = 'center'
  c.textBaseline = 'middle'
  for (let d = 0; d < 360; d += 30) {
    const a = (d * Math.PI) / 180
    c.fillText(`${d}°`, cx + Math.cos(a) * (r + 22), cy - Math.sin(a) * (r + 22))
  }
}

function circle(c, [x, y], r) {
  c.beginPath()
  c.arc(x, y, r, 0, 2 * Math.PI)
  c.stroke()
}

function ticks(c, [x, y], from, to) {
  c.beginPath()
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    c.moveTo(x + dx * from, y + dy * from)
    c.lineTo(x + dx * to, y + dy * to)
  }
  c.stroke()
}
