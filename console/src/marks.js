// Where the words of a query stand in a memory, as pieces of text to be marked or not. Ranges count code points, as the
// daemon does.

import { parts } from './json.js'

/** textAt returns the string or number at a JSON pointer in data, which is JSON as text, or null. */
export function textAt(data, pointer) {
  let at = [0, data.length] // from, to
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    const named = data[at[0]] === '{'
    if (!named && data[at[0]] !== '[') return null
    let [i, next] = [0, null]
    for (const [own, from, to] of parts(data, at[0])) if ((named ? own : String(i++)) === name) next = [from, to]
    if (!next) return null
    at = next
  }
  const text = data.slice(...at).trim()
  if (text[0] === '"') return JSON.parse(text)
  return /^[-\d]/.test(text) ? text : null
}

/**
 * marked cuts a text into pieces, of which those in ranges are hits. Of a text longer than most, it returns the part with
 * most hits, with "…" where something is left out.
 * @returns {{text: string, hit: boolean}[]}
 */
export function marked(text, ranges, most = Infinity) {
  const points = [...text]
  const [from, to] = points.length > most ? part(points, ranges, most) : [0, points.length]
  const out = []
  const add = (a, b, hit) => { if (b > a) out.push({ text: points.slice(a, b).join('').replace(/\s+/g, ' '), hit }) }
  let at = from
  for (const [a, b] of ranges) {
    if (b <= at || a >= to) continue
    add(at, Math.max(a, at), false)
    add(Math.max(a, at), Math.min(b, to), true)
    at = Math.min(b, to)
  }
  add(at, to, false)
  if (from > 0) out.unshift({ text: '…', hit: false })
  if (to < points.length) out.push({ text: '…', hit: false })
  return out
}

// part returns which most code points have the most hits, beginning a few words before the first of them.
function part(points, ranges, most) {
  let [best, hits] = [0, 0]
  for (const [first] of ranges) {
    const from = first < most / 2 ? 0 : first - Math.floor(most / 5)
    const n = ranges.filter(([a, b]) => a >= from && b <= from + most).length
    if (n > hits) [best, hits] = [from, n]
  }
  let from = Math.max(0, Math.min(best, points.length - most))
  const blank = i => /\s/.test(points[i])
  if (from > 0) for (let i = from; i < from + Math.min(20, most / 5); i++) if (blank(i)) { from = i + 1; break } // not within a word
  let to = Math.min(points.length, from + most)
  if (to < points.length) for (let i = to; i > to - 20; i--) if (blank(i)) { to = i; break }
  return [from, to]
}
