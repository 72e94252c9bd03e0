// Makes a one-line title for a memory, from the most telling words in its data.

import { summary } from './format.js'

// These members may hold the text of a memory, in order of preference.
const says = ['title', 'text', 'content', 'memory', 'note', 'fact', 'message', 'summary', 'subject', 'body', 'description', 'question', 'prompt', 'messages', 'name', 'label']
// These members describe the memory's kind or owner: they are a title only if there is nothing else.
const frames = /^(role|type|kind|source|author|user|agent|sender|lang|language|model|session|thread|run|object|format|version|status|time|date|timestamp)$|id$|_at$|At$/

/** wordsOf returns the most telling words of a value, or null. */
export function wordsOf(value, depth = 6) {
  if (typeof value === 'string') return value.trim() || null
  if (!value || typeof value !== 'object' || depth === 0) return null
  if (Array.isArray(value)) return first(value, v => wordsOf(v, depth - 1))
  const names = Object.keys(value)
  const own = names.filter(n => !says.includes(n) && !frames.test(n))
  return first(says.filter(n => names.includes(n)), n => wordsOf(value[n], depth - 1))
    ?? first(own.filter(n => typeof value[n] === 'string'), n => wordsOf(value[n]))
    ?? first(own, n => wordsOf(value[n], depth - 1))
}

function first(list, f) {
  for (const x of list) {
    const got = f(x)
    if (got) return got
  }
  return null
}

// anyOf returns the first string of an object without telling words: a role is a better title than braces.
const anyOf = data => first(Object.values(data ?? {}), v => (typeof v === 'string' ? v.trim() : null))

/** headOf returns the whole text of which the title of a memory is the beginning. */
export const headOf = m => wordsOf(m.data) ?? anyOf(m.data) ?? m.text

/** titleOf returns the title of a memory. */
export const titleOf = m => summary(headOf(m), 64)
