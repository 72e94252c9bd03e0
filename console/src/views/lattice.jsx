// Draws the lattice of a crystal: nodes on a circle of radius awareness·φ, and their connections. The circle
// around it is the largest possible one.

import { PHI } from '../formulas.js'

export function Lattice({ lattice, size = 160, label }) {
  const { nodes, connections } = lattice
  if (!nodes.length) return <p class="dim">Its lattice has no node: coherence is below 1/12.</p>
  const at = n => [50 + (n.x / PHI) * 42, 50 - (n.y / PHI) * 42].map(v => v.toFixed(2))
  const most = Math.max(...connections.map(c => c.strength), 1e-6)
  const byId = new Map(nodes.map(n => [n.id, n]))
  return (
    <svg class="lattice" viewBox="0 0 100 100" width={size} height={size} role="img"
      aria-label={label ?? `Lattice of ${nodes.length} nodes and ${connections.length} connections`}>
      <circle class="orbit" cx="50" cy="50" r="42" />
      {connections.map(c => {
        const [x1, y1] = at(byId.get(c.from))
        const [x2, y2] = at(byId.get(c.to))
        return <line key={`${c.from}-${c.to}`} x1={x1} y1={y1} x2={x2} y2={y2} opacity={(0.18 + 0.7 * (c.strength / most)).toFixed(2)} />
      })}
      {nodes.map(n => {
        const [x, y] = at(n)
        return <path key={n.id} class="node" d={`M${x} ${y - 3.2}L${+x + 2.6} ${y}L${x} ${+y + 3.2}L${x - 2.6} ${y}z`} />
      })}
    </svg>
  )
}
