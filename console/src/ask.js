// What the Search view asks the daemon: words, filters and an order. It is written in the address, so that Back and a
// bookmark ask it again.

/** decoded returns a decoded part of an address, or the part itself if it cannot be decoded. */
export function decoded(part) {
  try { return decodeURIComponent(part) } catch { return part }
}

/** How long ago, or from now, a filter of time reaches, in seconds. */
export const spans = { '1h': 3600, '24h': 86400, '7d': 7 * 86400, '30d': 30 * 86400 }
export const kinds = { fading: { pinned: false, crystallized: false }, pinned: { pinned: true }, crystallized: { crystallized: true } }
export const sorts = { created: 'Newest first', fades: 'Soonest to fade', recalled: 'Last recalled', recalls: 'Most recalled' }
/** The weights of each ranking. Without any, the daemon's own apply. */
export const ranks = { match: null, fresh: { freshness: 0.5 }, strong: { strength: 0.5 } }

export const nothing = { text: '', tags: [], kind: '', fades: '', created: '', pattern: '', sort: 'created', rank: 'match' }

/** readAsk returns what an address asks. What it does not know is left out. */
export function readAsk(hash) {
  const [, text = '', more = ''] = /^#\/search(?:\/([^?]*))?(?:\?(.*))?$/.exec(hash) ?? []
  const q = new URLSearchParams(more)
  const one = (name, among) => (Object.hasOwn(among, q.get(name) ?? '') ? q.get(name) : nothing[name])
  return {
    text: decoded(text), tags: [...new Set(q.getAll('tag').filter(Boolean))],
    kind: one('kind', kinds), fades: one('fades', spans), created: one('created', spans), sort: one('sort', sorts), rank: one('rank', ranks),
    pattern: /^\d+$/.test(q.get('pattern') ?? '') ? q.get('pattern') : '',
  }
}

/** hrefOf returns the address of what is asked. */
export function hrefOf(ask) {
  const q = new URLSearchParams(ask.tags.map(tag => ['tag', tag]))
  for (const name of ['kind', 'fades', 'created', 'pattern', 'sort', 'rank']) if (ask[name] !== nothing[name]) q.set(name, ask[name])
  const text = ask.text.trim() ? `/${encodeURIComponent(ask.text)}` : ''
  return `#/search${text}${q.size ? `?${q}` : ''}`
}

export const tagHref = tag => hrefOf({ ...nothing, tags: [tag] })
export const patternHref = pattern => hrefOf({ ...nothing, pattern: String(pattern) })

const ID = /^(id:)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/** idIn returns the whole id that the text is, and whether nothing else was asked for: "id:" and the id. */
export function idIn(text) {
  const [, only, id] = ID.exec(text.trim().toLowerCase()) ?? []
  return { id: id ?? null, only: Boolean(only) }
}

/** listOf returns the parameters of the list that shows what is asked without words, at a time. */
export function listOf(ask, now) {
  return { ...filters(ask, now), pattern: ask.pattern, tag: ask.tags, sort: ask.sort }
}

/** searchOf returns the body of the search for what is asked, at a time. */
export function searchOf(ask, now) {
  const body = { query: ask.text, highlight: true, explain: true, ...filters(ask, now) }
  if (ask.tags.length) body.tags = ask.tags
  if (ask.pattern) body.pattern = Number(ask.pattern)
  if (ask.created) body.createdAfter = new Date(now - spans[ask.created] * 1000).toISOString()
  if (ranks[ask.rank]) body.weights = ranks[ask.rank]
  return body
}

function filters(ask, now) {
  return { ...kinds[ask.kind], ...(ask.fades ? { fadingBefore: new Date(now + spans[ask.fades] * 1000).toISOString() } : {}) }
}
