// State shared by the whole page, as signals; a note names the writer of each.

import { signal, computed, effect } from '@preact/signals'

const kept = (key, otherwise) => {
  try { return localStorage.getItem(key) ?? otherwise } catch { return otherwise }
}
const keep = (key, value) => {
  try { value == null ? localStorage.removeItem(key) : localStorage.setItem(key, value) } catch { /* private mode */ }
}

export const tenant = signal(kept('sigil.tenant', 'public')) // the tenant box
effect(() => keep('sigil.tenant', tenant.value))

// The theme follows the system until the toggle overrides it.
const wantsLight = matchMedia('(prefers-color-scheme: light)')
const system = signal(wantsLight.matches ? 'light' : 'dark')
wantsLight.addEventListener('change', e => { system.value = e.matches ? 'light' : 'dark' })
const chosen = signal(kept('sigil.theme', null))
export const theme = computed(() => chosen.value ?? system.value)
export function toggleTheme() {
  chosen.value = theme.value === 'dark' ? 'light' : 'dark'
  keep('sigil.theme', chosen.value)
}
effect(() => { document.documentElement.dataset.theme = theme.value })

export const renderer = kept('sigil.renderer', null) // 'webgl': even if that runs in software

const calm = matchMedia('(prefers-reduced-motion: reduce)')
export const stillness = signal(calm.matches)
calm.addEventListener('change', e => { stillness.value = e.matches })

// Written by sync.js.
export const stats = signal(null)
export const identity = signal(null)
export const connection = signal({ state: 'connecting' }) // connecting | loading | live | reconnecting
export const lastHeard = signal(Date.now()) // by the browser's clock
export const recent = signal([]) // the last events, newest first
export const loaded = signal({ count: 0, complete: false, limited: false })

export const recalls = signal([]) // the memories in the newest message about recalls

// The tenant's memories that ended while the page was open. This is not a signal of a Set, which each change
// would copy.
const [ids, changes, MOST] = [new Set(), signal(0), 20_000]
export const gone = {
  has: id => changes.value >= 0 && ids.has(id),
  add(id) {
    if (ids.size >= MOST) ids.clear()
    ids.add(id)
    changes.value++
  },
  delete(id) { if (ids.delete(id)) changes.value++ },
  clear() { ids.clear(); changes.value++ },
}

// Every countdown uses the daemon's clock, which decides what has faded. sync.js sets how far it is ahead of
// the browser's clock.
let ahead = 0
export const serverNow = () => Date.now() + ahead
export const now = signal(Date.now())
export function setAhead(ms) {
  ahead = ms
  now.value = serverNow()
}
setInterval(() => { now.value = serverNow() }, 1000)

export const live = computed(() => (loaded.value.complete && !loaded.value.limited ? loaded.value.count : stats.value?.memories))
export const stale = computed(() => connection.value.state === 'reconnecting')

// The memories that the field highlights: the open one, and those it resonates with.
export const selected = signal(null)
export const neighbors = signal([])

// The warnings for the memory that was last encoded here: {id, warnings}. Written by encode.jsx.
export const warned = signal(null)

// A message that disappears by itself: {text, kind, act}. act, if any, is offered as a button: {label, run}.
export const notice = signal(null)
let noticeTimer
export function say(text, kind = 'good', act = null) {
  notice.value = { text, kind, act }
  releaseNotice()
}
/** holdNotice keeps the message while it has the focus or the pointer; releaseNotice lets it disappear again. */
export function holdNotice() { clearTimeout(noticeTimer) }
export function releaseNotice() {
  clearTimeout(noticeTimer)
  noticeTimer = setTimeout(() => { notice.value = null }, notice.value?.act ? 20_000 : 6000)
}
