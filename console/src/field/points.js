// The live memories in the form in which the field draws them: one row of floats each, in a buffer that is
// sent to the GPU unchanged. Removing a row moves the last one into its place, so rows are dense and their
// order has no meaning.

import { decay, lifetime, parsePolicy, place } from '../formulas.js'
import { serverNow } from '../state.js'

export const STRIDE = 8 // x, y, last, life, end, flags, born, died
export const NEVER = 1e9
const [X, Y, LAST, LIFE, END, FLAGS, BORN, DIED] = [0, 1, 2, 3, 4, 5, 6, 7]
const CLASSIC = 1
const PINNED = 2
const CRYSTAL = 4

// Times are seconds since the page was loaded, by the daemon's clock: small enough for 32-bit floats.
const base = Date.now()
export const seconds = (time = serverNow()) => ((typeof time === 'string' ? Date.parse(time) : time) - base) / 1000

/** rowOf returns how the row at r is drawn at a time, like shaders.js. */
export function rowOf(rows, r, now) {
  const last = rows[r + LAST]
  const life = rows[r + LIFE]
  const end = rows[r + END]
  const flags = rows[r + FLAGS]
  const x = Math.max(0, now - last) / life
  let vigor = Math.max(0.05, flags & CLASSIC ? 1 - 0.95 * x * x : 0.05 ** x)
  const dusk = Math.max(0.001, Math.min(0.2 * life, 0.3 * (end - last)))
  vigor *= Math.min(1, Math.max(0.15, (end - now) / dusk))
  if (flags & (PINNED | CRYSTAL)) vigor = Math.max(vigor, 0.85)
  const between = v => Math.min(1, Math.max(0, v))
  return { flags, vigor, flash: 1 - between((now - rows[r + BORN]) / 1.8), gone: between((now - rows[r + DIED]) / 1.3) }
}

const policies = new Map() // by their text: there are few
function policyOf(text) {
  let p = policies.get(text)
  if (!p) {
    p = parsePolicy(text)
    p.life = lifetime(p)
    policies.set(text, p)
  }
  return p
}

export class Points {
  count = 0
  rows = new Float32Array(4096 * STRIDE)
  ids = []
  policy = []
  slot = new Map()
  version = 0 // grows whenever rows are added, moved or removed
  dirty = [Infinity, 0] // the rows changed since the GPU last saw them
  dying = []

  /** put adds the memory of a view, or updates its row. */
  put(m, flash = false) {
    let i = this.slot.get(m.id)
    if (i === undefined) {
      i = this.count++
      if (this.count * STRIDE > this.rows.length) this.#grow()
      this.slot.set(m.id, i)
      this.ids[i] = m.id
      const [x, y] = place(m.hash)
      const r = i * STRIDE
      this.rows[r + X] = x
      this.rows[r + Y] = y
      this.rows[r + BORN] = flash ? seconds() : -1e6
      this.rows[r + DIED] = NEVER
      this.version++
    }
    this.rows[i * STRIDE + FLAGS] = (m.pinned ? PINNED : 0) | (m.crystallized ? CRYSTAL : 0)
    this.#refresh(i, m)
  }

  /** recall updates what a recall changes. It does nothing if a later recall is known already. */
  recall(m) {
    const i = this.slot.get(m.id)
    if (i === undefined || seconds(m.lastAccessed) < this.rows[i * STRIDE + LAST]) return
    this.rows[i * STRIDE + BORN] = seconds()
    this.#refresh(i, m)
  }

  #refresh(i, m) {
    const p = policyOf(m.policy)
    const r = i * STRIDE
    this.policy[i] = p
    this.rows[r + LAST] = seconds(m.lastAccessed)
    this.rows[r + LIFE] = p.life
    this.rows[r + END] = m.fadesAt ? seconds(m.fadesAt) : NEVER
    this.rows[r + FLAGS] = (this.rows[r + FLAGS] & ~CLASSIC) | (p.kind === 'classic' ? CLASSIC : 0)
    this.#touch(i)
  }

  has(id) { return this.slot.has(id) }
  living(id) { return this.has(id) && !this.dying.includes(id) }

  /** change sets what an event reports about a memory: pinned, crystallized, fadesAt. */
  change(id, { pinned, crystallized, fadesAt }, flash = false) {
    const i = this.slot.get(id)
    if (i === undefined) return
    const r = i * STRIDE
    let f = this.rows[r + FLAGS]
    if (pinned !== undefined) f = pinned ? f | PINNED : f & ~PINNED
    if (crystallized !== undefined) f = crystallized ? f | CRYSTAL : f & ~CRYSTAL
    this.rows[r + FLAGS] = f
    if (fadesAt !== undefined) this.rows[r + END] = fadesAt ? seconds(fadesAt) : NEVER
    if (flash) this.rows[r + BORN] = seconds()
    this.#touch(i)
  }

  /** revive adds the memory of a view that had died, or was dying. */
  revive(m) {
    if (this.dying.includes(m.id)) {
      this.dying = this.dying.filter(id => id !== m.id)
      if (this.slot.has(m.id)) this.remove(m.id)
    }
    this.put(m, true)
  }

  /** die starts the dissolving of a memory; sweep removes it when that is over. */
  die(id) {
    const i = this.slot.get(id)
    if (i === undefined || this.rows[i * STRIDE + DIED] < NEVER) return
    this.rows[i * STRIDE + DIED] = seconds()
    this.dying.push(id)
    this.#touch(i)
  }

  sweep(after = 1.4) {
    const t = seconds() - after
    while (this.dying.length) {
      const i = this.slot.get(this.dying[0])
      if (i !== undefined && this.rows[i * STRIDE + DIED] > t) return
      if (i !== undefined) this.remove(this.dying[0])
      this.dying.shift()
    }
  }

  remove(id) {
    const i = this.slot.get(id)
    const last = --this.count
    this.slot.delete(id)
    if (i !== last) {
      this.rows.copyWithin(i * STRIDE, last * STRIDE, (last + 1) * STRIDE)
      this.ids[i] = this.ids[last]
      this.policy[i] = this.policy[last]
      this.slot.set(this.ids[i], i)
      this.#touch(i)
    }
    this.ids.length = this.policy.length = last
    this.version++
  }

  clear() {
    this.count = 0
    this.ids = []
    this.policy = []
    this.slot.clear()
    this.dying = []
    this.version++
  }

  /** at returns what is known of row i without asking the daemon. */
  at(i) {
    const r = i * STRIDE
    const f = this.rows[r + FLAGS]
    const idle = seconds() - this.rows[r + LAST]
    return {
      id: this.ids[i], x: this.rows[r + X], y: this.rows[r + Y], idle,
      decay: decay(this.policy[i], idle), left: this.rows[r + END] === NEVER ? null : this.rows[r + END] - seconds(),
      classic: (f & CLASSIC) !== 0, pinned: (f & PINNED) !== 0, crystallized: (f & CRYSTAL) !== 0,
      born: this.rows[r + BORN], died: this.rows[r + DIED],
    }
  }

  /** overdue returns the memories whose end has passed without an event. */
  overdue(grace, most) {
    const t = seconds() - grace
    const late = []
    for (let i = 0; i < this.count && late.length < most; i++) {
      const r = i * STRIDE
      if (this.rows[r + END] < t && this.rows[r + DIED] === NEVER) late.push(this.ids[i])
    }
    return late
  }

  /** vitality is the mean of 1 - decay over the memories that can fade, or null if there are none. */
  vitality() {
    const t = seconds()
    let [sum, n] = [0, 0]
    for (let i = 0; i < this.count; i++) {
      const r = i * STRIDE
      if (this.rows[r + FLAGS] & (PINNED | CRYSTAL) || this.rows[r + DIED] < NEVER) continue
      sum += 1 - decay(this.policy[i], t - this.rows[r + LAST])
      n++
    }
    return n ? sum / n : null
  }

  get alive() { return this.count - this.dying.length }

  #grow() {
    const more = new Float32Array(this.rows.length * 2)
    more.set(this.rows)
    this.rows = more
  }

  #touch(i) {
    if (i < this.dirty[0]) this.dirty[0] = i
    if (i > this.dirty[1]) this.dirty[1] = i
  }
}

/** points is the one set of points: sync.js writes it, the field draws it. */
export const points = new Points()
