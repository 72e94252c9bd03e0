// The daemon's HTTP API: one function per call, for the selected tenant.

import { dataOf, parts } from './json.js'
import { tenant } from './state.js'

/** Problem is the daemon's answer when it refuses: application/problem+json. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `HTTP ${status}`)
    this.status = status
    this.code = body.code
    this.field = body.field
    this.body = body
  }
}

async function call(path, { method = 'GET', body, signal, headers } = {}) {
  const response = await fetch(path, {
    method,
    signal,
    cache: 'no-store',
    headers: {
      'Sigil-Tenant': tenant.value,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    body,
  })
  if (response.ok) return response
  let problem = {}
  try { problem = await response.json() } catch { /* a proxy's page */ }
  throw new Problem(response.status, problem)
}

async function json(path, options) {
  const response = await call(path, options)
  return response.status === 204 ? null : response.json()
}

/** memory reads a memory. Its text is the stored data. */
async function memory(path, options) {
  const text = await (await call(path, options)).text()
  return { ...JSON.parse(text), text: dataOf(text) ?? '' }
}

/** memories reads a page of memories. */
async function memories(path, options) {
  const text = await (await call(path, options)).text()
  const page = JSON.parse(text)
  for (const [name, from] of parts(text)) {
    if (name !== 'memories') continue
    let i = 0
    for (const [, at] of parts(text, from)) page.memories[i++].text = dataOf(text, at) ?? ''
  }
  return page
}

/** search reads a page of hits: {hits, next, complete, meaning}. */
export async function search(q, signal) {
  const text = await (await call('/v1/sigils:search', { method: 'POST', body: JSON.stringify(q), signal })).text()
  const page = JSON.parse(text)
  for (const [name, from] of parts(text)) {
    if (name !== 'hits') continue
    let i = 0
    for (const [, hit] of parts(text, from)) {
      const { memory } = page.hits[i++]
      for (const [name, at] of parts(text, hit)) if (name === 'memory') memory.text = dataOf(text, at) ?? ''
    }
  }
  return page
}

/** removed reads a page of memories that can be restored: {removed, next}. */
export async function removed(q, signal) {
  const text = await (await call(`/v1/removed${query(q)}`, { signal })).text()
  const page = JSON.parse(text)
  for (const [name, from] of parts(text)) {
    if (name !== 'removed') continue
    let i = 0
    for (const [, one] of parts(text, from)) {
      const { memory } = page.removed[i++]
      for (const [name, at] of parts(text, one)) if (name === 'memory') memory.text = dataOf(text, at) ?? ''
    }
  }
  return page
}

/** undoSeconds returns for how long what is removed can be restored: 0 if not at all, null if that is not known. */
export async function undoSeconds(signal) {
  try {
    const [last] = (await json('/v1/removed?limit=1&content=false', { signal })).removed
    return last ? (Date.parse(last.until) - Date.parse(last.removedAt)) / 1000 : null
  } catch (e) {
    if (e.code === 'undo_off') return 0
    throw e
  }
}

// query leaves out parameters that are not set, and repeats those that are a list.
function query(values) {
  const q = new URLSearchParams()
  for (const [key, value] of Object.entries(values)) for (const v of [value].flat()) if (v != null && v !== '') q.append(key, v)
  const text = q.toString()
  return text ? `?${text}` : ''
}

const at = (id, verb = '') => `/v1/sigils/${encodeURIComponent(id)}${verb}`

export const stats = signal => json('/v1/stats', { signal })
export const identity = signal => json('/v1/identity', { signal })
export const list = (q, signal) => memories(`/v1/sigils${query({ limit: 1000, ...q })}`, { signal })
/** outlines is like list, without content. */
export const outlines = (q, signal) => json(`/v1/sigils${query({ limit: 1000, content: false, ...q })}`, { signal })
export const peek = (id, signal) => memory(at(id), { signal })
export const explain = (id, signal) => json(at(id, '/explain'), { signal })
export const related = (id, signal) => json(at(id, '/related?limit=20&content=false'), { signal })
export const encode = text => memory('/v1/sigils', { method: 'POST', body: text })
export const act = (id, verb) => memory(at(id, `:${verb}`), { method: 'POST' })
/** forget returns the time from which on the memory cannot be restored, or null if it cannot be restored at all. */
export const forget = async id => (await call(at(id), { method: 'DELETE' })).headers.get('Sigil-Restorable-Until')
/** erase erases a memory for good, or with dryRun only counts: {counts, receipt}. */
export const erase = (id, dryRun) => json('/v1/sigils:erase', { method: 'POST', body: JSON.stringify({ ids: [id], dryRun }) })
/** restoreMany returns a result for each id: {status, memory} or {status, problem}. */
export const restoreMany = ids => json('/v1/sigils:restore', { method: 'POST', body: JSON.stringify({ ids }) })
export const patterns = signal => json('/v1/patterns', { signal })
export const crystals = (cursor, signal) => json(`/v1/crystals${query({ limit: 100, cursor, lattice: true })}`, { signal })
export const forecast = (q, signal) => json(`/v1/forecast${query(q)}`, { signal })
/** latest returns the newest entries of the journal, in order, and the token to continue after. */
export const latest = (limit, signal) => json(`/v1/events${query({ latest: true, limit })}`, { signal })
export const metrics = async signal => (await call('/metrics', { signal })).text()

/**
 * follow follows the journal after a token, and recalls, and yields the messages of a live connection,
 * {type: 'events' | 'recalled' | …}, until the server ends it. It uses a WebSocket, since a browser opens no more than
 * six other connections to a host, and a stream in each tab would take one. If that cannot be opened, a proxy may not
 * support it, or the server may refuse for a reason that a WebSocket does not report: it then uses server-sent events.
 */
export async function* follow(after, signal) {
  const inbox = []
  let [opened, ended, wake] = [false, false, () => {}]
  const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/v1/ws${query({ after, recalls: true, tenant: tenant.value })}`)
  const end = () => { ended = true; wake() }
  socket.onopen = () => { opened = true; inbox.push({ type: 'open' }); wake() }
  socket.onmessage = e => { inbox.push(JSON.parse(e.data)); wake() }
  socket.onclose = end
  signal.addEventListener('abort', end, { once: true })
  try {
    for (;;) {
      while (inbox.length) {
        const m = inbox.shift()
        if (m.type === 'ended') throw new Problem(m.status, m.problem)
        yield m
      }
      if (ended) break
      await new Promise(done => { wake = done })
    }
  } finally {
    signal.removeEventListener('abort', end)
    socket.close()
  }
  if (!opened && !signal.aborted) yield* stream(after, signal)
}

async function* stream(after, signal) {
  const response = await call(`/v1/events${query({ after, recalls: true })}`, { signal, headers: { Accept: 'text/event-stream' } })
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    rest += value
    const blocks = rest.split(/\r?\n\r?\n/)
    rest = blocks.pop()
    for (const block of blocks) {
      const m = message(block)
      if (m.type === 'reconnect') return
      yield m
    }
  }
}

// message converts an event to the message that a WebSocket has for it.
function message(block) {
  let [type, data] = ['', '']
  for (const line of block.split(/\r?\n/)) {
    if (line.startsWith('event: ')) type = line.slice(7)
    else if (line.startsWith('data: ')) data += line.slice(6)
  }
  if (!data) return { type: 'open' } // a comment, or the start of the stream
  const value = JSON.parse(data)
  if (type === 'problem') throw new Problem(value.status, value)
  return type ? { type, ...value } : { type: 'events', events: [value] }
}
