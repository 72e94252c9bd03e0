// Reads the Prometheus text format, and computes rates and quantiles from two readings.

/** @returns {Map<string, {labels: Record<string, string>, value: number}[]>} samples by their name */
export function parseMetrics(text) {
  const samples = new Map()
  for (const line of text.split('\n')) {
    if (!line || line[0] === '#') continue
    const m = /^([\w:]+)(?:\{(.*)\})? (\S+)/.exec(line)
    if (!m) continue
    const labels = {}
    for (const [, key, value] of (m[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[key] = value
    const value = m[3] === '+Inf' ? Infinity : Number(m[3])
    if (!samples.has(m[1])) samples.set(m[1], [])
    samples.get(m[1]).push({ labels, value })
  }
  return samples
}

const total = (samples, name, keep = () => true) => (samples.get(name) ?? []).filter(s => keep(s.labels)).reduce((sum, s) => sum + s.value, 0)

/** value returns the value of a sample, or null if there is none. */
export const value = (samples, name, keep) => (samples.has(name) ? total(samples, name, keep) : null)

/** grown returns by how much a counter grew; after a restart, the daemon counts from zero. */
export function grown(before, after, name, keep) {
  const d = total(after, name, keep) - total(before, name, keep)
  return d < 0 ? total(after, name, keep) : d
}

/** mean returns the mean of what a histogram observed between two readings, or null if it observed nothing. */
export function mean(before, after, name, keep) {
  const n = grown(before, after, `${name}_count`, keep)
  return n > 0 ? grown(before, after, `${name}_sum`, keep) / n : null
}

/** quantile returns a quantile of what a histogram observed between two readings, interpolated within its bucket. */
export function quantile(before, after, name, q, keep) {
  const bounds = buckets(after, name, keep)
  const old = buckets(before, name, keep)
  const all = [...bounds].map(([le, n]) => [le, n - (old.get(le) ?? 0)]).sort((a, b) => a[0] - b[0])
  const n = all.at(-1)?.[1]
  if (!(n > 0)) return null
  let [low, below] = [0, 0]
  for (const [le, upTo] of all) {
    if (upTo >= q * n) return le === Infinity ? low : low + (le - low) * ((q * n - below) / Math.max(1, upTo - below))
    ;[low, below] = [le, upTo]
  }
  return low
}

function buckets(samples, name, keep = () => true) {
  const sums = new Map()
  for (const { labels, value } of samples.get(`${name}_bucket`) ?? []) {
    if (!keep(labels)) continue
    const le = labels.le === '+Inf' ? Infinity : Number(labels.le)
    sums.set(le, (sums.get(le) ?? 0) + value)
  }
  return sums
}
