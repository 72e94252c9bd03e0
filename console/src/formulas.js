// The engine's formulas, as far as the console draws them. The daemon decides.

export const PHI = (1 + Math.sqrt(5)) / 2
export const MAX32 = 2 ** 32 - 1

/**
 * Policy as a view spells it, such as "halflife h=7d threshold=0.95".
 * @param {string} text
 * @returns {{kind: 'classic'|'halflife', rate: number, period: number, half: number, threshold: number}}
 */
export function parsePolicy(text) {
  const p = { kind: 'classic', rate: 0.001, period: 5, half: 604800, threshold: 0.95 }
  if (/halflife/.test(text)) p.kind = 'halflife'
  for (const [, key, value] of (text || '').matchAll(/(\w+)=([^\s,)]+)/g)) {
    if (key === 'threshold') p.threshold = Number(value)
    else if (key === 'rate') p.rate = Number(value)
    else if (key === 'period') p.period = parseDuration(value)
    else if (key === 'h' || key === 'half' || key === 'halfLife') p.half = parseDuration(value)
  }
  return p
}

/** decay returns the decay after idle seconds, 0 to 1. */
export function decay(p, idle) {
  const t = Math.max(0, idle)
  if (p.kind === 'halflife') return 1 - 2 ** (-t / p.half)
  return Math.min(1, (p.rate * t * (t + p.period)) / (2 * p.period))
}

/** lifetime returns the idle time, in seconds, at which decay reaches the threshold. */
export function lifetime(p) {
  if (p.kind === 'halflife') return -p.half * Math.log2(1 - p.threshold)
  const c = (2 * p.period * p.threshold) / p.rate
  return (-p.period + Math.sqrt(p.period ** 2 + 4 * c)) / 2
}

const units = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400 }

/** parseDuration returns the seconds of a duration in the form of any version of the daemon, such as "7d" or "1h0m0s"; NaN if it is not one. */
export function parseDuration(text) {
  let sum = 0
  let rest = String(text).trim()
  if (!rest) return NaN
  while (rest) {
    const m = /^(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/.exec(rest)
    if (!m) return NaN
    sum += Number(m[1]) * units[m[2]]
    rest = rest.slice(m[0].length)
  }
  return sum
}

/**
 * place returns the memory's place in the field. Point 0 of its spiral lies on one golden arm that all
 * memories share; two more words of the hash widen the arm, more so further out, into a galaxy.
 * @param {string} hash hex SHA-256
 * @returns {[number, number]}
 */
export function place(hash) {
  const hex = hash.includes(':') ? hash.slice(hash.indexOf(':') + 1) : hash
  const v = i => parseInt(hex.slice(i * 8, i * 8 + 8), 16) / MAX32
  const v0 = v(0)
  const radius = Math.max(0, v0 * PHI + bell(v(1)) * (0.06 + 0.05 * v0))
  const angle = v0 * 2 * Math.PI * PHI + (bell(v(2)) * 0.12) / (0.16 + v0)
  return [radius * Math.cos(angle), radius * Math.sin(angle)]
}

// bell maps a uniform number to one concentrated around 0: the logistic quantile, cut off at both ends.
function bell(v) {
  const w = Math.min(0.995, Math.max(0.005, v))
  return Math.log(w / (1 - w))
}

/** lattice returns the lattice of a state: nodes on a circle, connected if closer than φ. The daemon's function is the same. */
export function lattice(state) {
  const n = Math.floor(state.coherence * 12)
  const r = state.awareness * PHI
  const nodes = Array.from({ length: n }, (_, i) => {
    const a = (2 * Math.PI * i) / n
    return { id: i, x: r * Math.cos(a), y: r * Math.sin(a) }
  })
  const connections = []
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const d = Math.hypot(nodes[i].x - nodes[j].x, nodes[i].y - nodes[j].y)
      if (d > 0 && d < PHI - 1e-9) connections.push({ from: i, to: j, strength: 1 / d })
    }
  }
  return { resonanceField: state.phi * PHI, nodes, connections }
}
