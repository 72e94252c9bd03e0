// Hash routes: a view, optionally with a panel over it (#/memory/<id>, #/encode).

import { signal } from '@preact/signals'
import { decoded } from './ask.js'

export const views = ['field', 'activity', 'forecast', 'patterns', 'search', 'trash']

export const view = signal('field')
export const panel = signal(null) // null | {kind: 'memory', id} | {kind: 'encode'}

// How many entries of the browser's history are between the view and the open panel; each entry stores it.
// Closing the panel goes back over them, so that Back does not open it again.
let depth = 0

function read() {
  const [name, id] = location.hash.replace(/^#\/?/, '').split(/[/?]/)
  const open = name === 'memory' && id ? { kind: 'memory', id: decoded(id) } : name === 'encode' ? { kind: 'encode' } : null
  if (open) {
    if (history.state?.depth === undefined) history.replaceState({ depth: loaded ? depth + 1 : 0 }, '')
    depth = history.state.depth
  } else {
    depth = 0
    view.value = views.includes(name) ? name : 'field'
  }
  panel.value = open
  loaded = true
}
let loaded = false // the page was opened at this address, so that going back would leave it

export const href = name => (name === 'field' ? '#/' : `#/${name}`)
export const memoryHref = id => `#/memory/${encodeURIComponent(id)}`
export const openMemory = id => { location.hash = memoryHref(id) }

/** replace shows an address instead of the current one, which Back then skips. */
export function replace(hash) {
  history.replaceState(history.state, '', hash)
  read()
}

export function closePanel() {
  if (!panel.value) return
  if (depth === 0) {
    history.replaceState(null, '', href(view.value))
    return read()
  }
  panel.value = null // at once, since the history changes later
  history.go(-depth)
}

addEventListener('hashchange', read)
read()
