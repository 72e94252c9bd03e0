// Keeps the field in step with the daemon: loads all memories once, then follows the journal from where it
// ended when the load began. After a failure it continues after the token of the last event it has seen, by
// which the daemon notices that its store was restored from an older copy: then all is loaded again.

import * as api from './api.js'
import { Problem } from './api.js'
import { points } from './field/points.js'
import { connection, gone, identity, lastHeard, loaded, recalls, recent, say, serverNow, setAhead, stats, tenant } from './state.js'

const LIMIT = 100_000 // memories in the field; beyond it the newest are shown
const PAGE = 1000
const NEWEST_EVERY = 350 // ms between looks at the newest page
const KEEP = 200 // events remembered
const CHECK_EVERY = 3000 // ms between looks at the figures
const CLOCK_EVERY = 20 // of these looks, that ask for the daemon's time

const listeners = new Set()
/** onChange calls f after the points have changed. */
export function onChange(f) {
  listeners.add(f)
  return () => listeners.delete(f)
}
function changed() {
  loaded.value = { ...loaded.value, count: points.alive }
  for (const f of listeners) f()
}

let token // what the stream continues after
let running // the AbortController of the tenant followed

/** start follows the selected tenant, and another one when that is selected. */
export function start() {
  tenant.subscribe(() => {
    running?.abort()
    running = new AbortController()
    forget()
    follow(running.signal)
  })
  setInterval(check, CHECK_EVERY)
}

// forget drops everything about the previous tenant.
function forget() {
  points.clear()
  recent.value = recalls.value = []
  gone.clear()
  stats.value = identity.value = null
  loaded.value = { count: 0, complete: false, limited: false }
  clearTimeout(shown)
  back = []
  shown = undefined
  batch = []
  fetching = again = missed = false
}

const wait = (ms, signal) => new Promise(done => {
  const timer = setTimeout(done, ms)
  signal.addEventListener('abort', () => { clearTimeout(timer); done() }, { once: true })
})

async function follow(signal) {
  let needsLoad = true
  let restored = false // the store was restored from an older copy, which the page has not shown yet
  let failures = 0
  connection.value = { state: 'connecting' }
  while (!signal.aborted) {
    const stream = new AbortController()
    const both = AbortSignal.any([signal, stream.signal])
    try {
      const [fresh, who] = await Promise.all([api.stats(signal), readClock(signal)])
      if (signal.aborted) return
      // Another store, or an older state of the same one, begins anew. Each restore makes another epoch.
      const before = identity.value
      if (before && before.store !== who.store) needsLoad = true
      else if (before && before.epoch !== who.epoch) needsLoad = restored = true
      stats.value = fresh
      identity.value = who
      if (needsLoad) {
        await load(signal)
        if (signal.aborted) return
        if (restored) say('The store was restored from an older copy. All memories were loaded again.')
        needsLoad = restored = false
      }
      connection.value = { state: 'live' }
      heard()
      watched = stream
      if (missed) fetchNewest()
      missed = false
      for await (const message of api.follow(token, both)) {
        if (both.aborted) break
        heard()
        failures = 0
        if (message.type === 'events') message.events.forEach(take)
        else if (message.type === 'recalled') refreshed(message.memories)
      }
      if (!signal.aborted) await wait(200 + Math.random() * 300, signal) // a server that goes away is asked again gently
    } catch (e) {
      if (signal.aborted) return
      if (e instanceof Problem && e.status === 410) { // the journal no longer goes back so far, or has other entries
        needsLoad = true
        restored ||= e.code === 'position_ahead'
      }
      const delay = Math.min(8000, 400 * 2 ** failures++) * (0.75 + Math.random() / 2)
      connection.value = { state: 'reconnecting', detail: e instanceof Problem ? e.message : '' }
      await wait(delay, signal)
    } finally {
      stream.abort()
    }
  }
}

function heard() { lastHeard.value = Date.now() }

// readClock reads the daemon's identity and sets the page's clock from it, since the daemon decides what has
// faded.
async function readClock(signal) {
  const asked = performance.now()
  const who = await api.identity(signal)
  const half = (performance.now() - asked) / 2
  const ahead = Date.parse(who.startedAt) + who.uptimeSeconds * 1000 + half - Date.now()
  if (!signal.aborted) setAhead(Math.abs(ahead) < 50 ? 0 : ahead)
  return who
}

async function load(signal) {
  connection.value = { state: 'loading' }
  points.clear()
  gone.clear()
  loaded.value = { count: 0, complete: false, limited: false }
  const past = await api.latest(30, signal) // read first: what happens during the load is read again
  if (signal.aborted) return
  token = past.token
  let cursor
  do {
    const page = await api.outlines({ limit: PAGE, cursor }, signal)
    if (signal.aborted) return
    for (const m of page.memories) points.put(m)
    cursor = page.next
    changed()
  } while (cursor && points.count < LIMIT)
  loaded.value = { count: points.alive, complete: true, limited: Boolean(cursor) }
  recent.value = past.events.reverse()
}

// Events arrive in bursts: they are applied at once, but shown at most ten times a second.
let batch = []
let shown
function take(event) {
  token = event.token
  apply(event)
  batch.push(event)
  shown ??= setTimeout(() => {
    shown = undefined
    recent.value = [...batch.reverse(), ...recent.value].slice(0, KEEP)
    batch = []
    changed()
  }, 100)
}

/** left removes a memory that has ended from the field. */
export function left(id) {
  points.die(id)
  gone.add(id)
}

// refreshed applies recalls, which are not in the journal.
function refreshed(memories) {
  for (const m of memories) points.recall(m)
  recalls.value = memories
  changed()
}

const ends = ['forgotten', 'faded', 'evicted', 'corrected', 'erased']

function apply({ kind, id, arithmetic }) {
  if (!id) return
  if (kind === 'encoded') fetchNewest()
  else if (kind === 'pinned' || kind === 'unpinned') {
    if (arithmetic) points.recall({ id, ...arithmetic }) // unpinning is an access, too
    points.change(id, { pinned: kind === 'pinned', fadesAt: arithmetic?.fadesAt })
  } else if (kind === 'tagged') {
    if (arithmetic) points.recall({ id, ...arithmetic }) // an encode of the same content has recalled it
  } else if (kind === 'changed') {
    if (arithmetic) points.recall({ id, ...arithmetic }) // another life, or an unpin, begins anew
    points.change(id, { pinned: arithmetic?.pinned, fadesAt: arithmetic?.fadesAt })
  } else if (kind === 'crystallized') points.change(id, { crystallized: true, fadesAt: arithmetic?.fadesAt }, true)
  else if (kind === 'restored') fetchBack(id)
  else if (ends.includes(kind)) left(id)
}

// A restored event has no hash either, and the memory is not among the newest: each is read, one after the other.
let back = []
async function fetchBack(id) {
  gone.delete(id)
  if (points.living(id) || back.push(id) > 1) return // alive: this page has restored it
  const { signal } = running
  const queue = back
  while (queue.length && !signal.aborted) {
    try {
      const m = await api.peek(queue[0], signal)
      if (signal.aborted) return
      if (!gone.has(m.id) && points.count < LIMIT) points.revive(m)
      changed()
    } catch { /* it is gone again, or the stream fails as well */ }
    queue.shift()
  }
}

// Encoded events have no hash, but the newest pages do; they are read up to the first that has nothing new.
let fetching = false
let again = false
let missed = false
async function fetchNewest() {
  again = true
  if (fetching) return
  fetching = true
  const { signal } = running
  try {
    while (again) {
      again = false
      let cursor
      let fresh = 0
      let size = 50
      do {
        const page = await api.outlines({ limit: size, cursor }, signal)
        if (signal.aborted) return // another tenant is shown now
        const news = page.memories.filter(m => !points.has(m.id) && !gone.has(m.id))
        for (const m of news) points.put(m, fresh++ < 400)
        cursor = news.length === page.memories.length ? page.next : null
        size = PAGE
      } while (cursor && points.count < LIMIT)
      changed()
      await wait(NEWEST_EVERY, signal)
      if (signal.aborted) return
    }
  } catch { // the stream fails as well: once it is back, this is repeated
    if (signal.aborted) return
    missed = true
  }
  fetching = false
}

/** restored applies the answer to a restore by this page at once. */
export function restored(view) {
  gone.delete(view.id)
  points.revive(view)
  changed()
}

/** recalled applies the answer to an action of this page at once. */
export function recalled(view) {
  points.put(view)
  points.change(view.id, {}, true)
  changed()
}

// check updates the figures in the header, detects a dead connection, and asks about memories whose deadlines have
// passed without an entry in the journal: they may have been recalled without the page being told.
let watched
let checks = 0
let drift = Date.now() - performance.now() // changes when the browser's clock is set
async function check() {
  if (connection.value.state !== 'live' || document.hidden) return
  const { signal } = running
  const soon = AbortSignal.any([signal, AbortSignal.timeout(8000)])
  try {
    const fresh = await api.stats(soon)
    if (signal.aborted) return
    stats.value = fresh
    heard()
    const set = Math.abs(Date.now() - performance.now() - drift) > 500
    if (set || checks++ % CLOCK_EVERY === CLOCK_EVERY - 1) await readClock(soon)
    drift = Date.now() - performance.now()
  } catch {
    if (!signal.aborted) watched?.abort()
    return
  }
  for (const id of points.overdue(15, 5)) {
    try {
      const m = await api.peek(id, signal)
      if (signal.aborted) return
      points.put(m)
      if (m.fadesAt && Date.parse(m.fadesAt) < serverNow()) return void await readClock(signal) // the daemon's clock is behind ours
    } catch (e) {
      if (signal.aborted) return
      if (e instanceof Problem && (e.status === 404 || e.code === 'superseded')) left(id)
    }
    changed()
  }
}
