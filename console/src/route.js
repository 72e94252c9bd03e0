// Hash routes: a view, and over it perhaps a panel (#/memory/<id>, #/encode).

import { signal } from '@preact/signals'

export const views = ['field', 'activity', 'forecast', 'patterns', 'search']

/** decoded is a part of the hash; what cannot be decoded stays as it is. */
export function decoded(part) {
  try { return decodeURIComponent(part) } catch { return part }
}

export const view = signal('field')
export const panel = signal(null) // null | {kind: 'memory', id} | {kind: 'encode'}

function read() {
  const [name, id] = location.hash.replace(/^#\/?/, '').split('/')
  if (name === 'memory' && id) panel.value = { kind: 'memory', id: decoded(id) }
  else if (name === 'encode') panel.value = { kind: 'encode' }
  else {
    panel.value = null
    view.value = views.includes(name) ? name : 'field'
  }
}

export const href = name => (name === 'field' ? '#/' : `#/${name}`)
export const memoryHref = id => `#/memory/${encodeURIComponent(id)}`
export const openMemory = id => { location.hash = memoryHref(id) }
export const closePanel = () => { location.hash = href(view.value) }

addEventListener('hashchange', read)
read()
