// The daemon's HTTP API: one function a call, each for the chosen tenant.

import { tenant } from './state.js'

/** Problem is what the daemon answers when it refuses: application/problem+json. */
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
    body: body === undefined ? undefined : JSON.stringify(body),
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

// query leaves out what is not set.
function query(values) {
  const q = new URLSearchParams()
  for (const [key, value] of Object.entries(values)) if (value != null && value !== '') q.set(key, value)
  const text = q.toString()
  return text ? `?${text}` : ''
}

const at = (id, verb = '') => `/v1/sigils/${encodeURIComponent(id)}${verb}`

export const stats = signal => json('/v1/stats', { signal })
export const identity = signal => json('/v1/identity', { signal })
export const list = (q, signal) => json(`/v1/sigils${query({ limit: 1000, ...q })}`, { signal })
export const peek = (id, signal) => json(at(id), { signal })
export const explain = (id, signal) => json(at(id, '/explain'), { signal })
export const related = (id, signal) => json(at(id, '/related?limit=20&content=false'), { signal })
export const encode = draft => json('/v1/sigils', { method: 'POST', body: draft })
export const act = (id, verb) => json(at(id, `:${verb}`), { method: 'POST' })
export const forget = id => json(at(id), { method: 'DELETE' })
export const patterns = signal => json('/v1/patterns', { signal })
export const crystals = (cursor, signal) => json(`/v1/crystals${query({ limit: 100, cursor, lattice: true })}`, { signal })
export const forecast = (q, signal) => json(`/v1/forecast${query(q)}`, { signal })
export const events = (after, limit, signal) => json(`/v1/events${query({ after, limit })}`, { signal })
export const metrics = async signal => (await call('/metrics', { signal })).text()

/**
 * stream follows the journal after a position and yields {id, event, data} until the server ends it.
 * EventSource would do, could it send a header: the tenant travels in one.
 */
export async function* stream(after, signal) {
  const response = await call(`/v1/events${query({ after })}`, { signal, headers: { Accept: 'text/event-stream' } })
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    rest += value
    const blocks = rest.split(/\r?\n\r?\n/)
    rest = blocks.pop()
    for (const block of blocks) yield message(block)
  }
}

function message(block) {
  const m = { id: '', event: 'message', data: '' }
  for (const line of block.split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (colon <= 0) continue // a comment, or nothing
    const field = line.slice(0, colon)
    const value = line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') m.data += (m.data ? '\n' : '') + value
    else if (field in m) m[field] = value
  }
  return m
}
