// Formats figures: short, in tabular numerals, with their unit.

const whole = new Intl.NumberFormat('en')

export const count = n => (n == null ? '–' : whole.format(Math.round(n)))

/** plural returns text such as "1 memory" or "2,000 memories". */
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`

export function bytes(n) {
  if (n == null) return '–'
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let i = 0
  while (n >= 1024 && i < names.length - 1) { n /= 1024; i++ }
  return `${i ? n.toFixed(n < 10 ? 2 : 1) : n} ${names[i]}`
}

/** span returns a time in its two largest units: "3 d 4 h", "12 s". */
export function span(seconds) {
  if (seconds == null || !Number.isFinite(seconds)) return 'never'
  let s = Math.max(0, seconds)
  if (s < 10) return `${s.toFixed(1)} s`
  s = Math.round(s)
  const parts = [[31536000, 'y'], [86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']]
  const first = parts.findIndex(([size]) => s >= size)
  const [size, unit] = parts[first]
  const head = `${Math.floor(s / size)} ${unit}`
  const next = parts[first + 1]
  const more = next ? Math.floor((s % size) / next[0]) : 0
  return more ? `${head} ${more} ${next[1]}` : head
}

const units = [[86400, 'd'], [3600, 'h'], [60, 'm'], [1, 's']]

/** duration returns whole seconds as the daemon writes them: in the shortest form, in which only days may be over 99. */
export function duration(seconds) {
  const whole = Math.round(seconds)
  let best = ''
  units.forEach(([size, unit], first) => {
    const n = Math.floor(whole / size)
    if (n === 0 || n > 99 && unit !== 'd') return
    let rest = whole
    const form = units.slice(first).map(([size, unit]) => {
      const n = Math.floor(rest / size)
      rest %= size
      return n ? n + unit : ''
    }).join('')
    if (!best || form.length < best.length) best = form
  })
  return best || '0s'
}

export function ms(seconds) {
  if (seconds == null || !Number.isFinite(seconds)) return '–'
  if (seconds < 1e-3) return `${(seconds * 1e6).toFixed(0)} µs`
  if (seconds < 1) return `${(seconds * 1e3).toFixed(seconds < 0.01 ? 2 : 1)} ms`
  return `${seconds.toFixed(2)} s`
}

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
const dateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' })
export const clock = time => clockFormat.format(new Date(time))
export const date = time => (time ? dateFormat.format(new Date(time)) : 'never')

export const percent = x => `${(x * 100).toFixed(x > 0 && x < 0.0995 ? 1 : 0)} %`
export const decimal = (x, digits = 3) => (x == null ? '–' : Number(x).toFixed(digits))

/** short returns the part of an id that distinguishes memories at a glance: a UUIDv7 begins with the time. */
export const short = id => id.slice(-12)

/** summary returns a text cut to the length of a line. */
export function summary(text, max = 120) {
  return text.length > max ? `${text.slice(0, max - 1)}…` : text
}
