// Finds the point nearest to the pointer, by sorting the points into the cells of a square grid.

import { STRIDE } from './points.js'

const N = 96
const REACH = 2.2 // the field lies within ±REACH
const cell = v => Math.min(N - 1, Math.max(0, Math.floor(((v + REACH) / (2 * REACH)) * N)))

export class Grid {
  #starts = new Int32Array(N * N + 1)
  #members = new Int32Array(0)
  #version = -1

  /** nearest returns the row of the point nearest to (x, y) and within reach, or -1. */
  nearest(points, x, y, reach) {
    if (this.#version !== points.version) this.#sort(points)
    let best = -1
    let least = reach * reach
    for (let cy = cell(y - reach); cy <= cell(y + reach); cy++) {
      for (let cx = cell(x - reach); cx <= cell(x + reach); cx++) {
        const c = cy * N + cx
        for (let k = this.#starts[c]; k < this.#starts[c + 1]; k++) {
          const i = this.#members[k]
          const d = (points.rows[i * STRIDE] - x) ** 2 + (points.rows[i * STRIDE + 1] - y) ** 2
          if (d < least) [least, best] = [d, i]
        }
      }
    }
    return best
  }

  #sort(points) {
    const { rows, count } = points
    const of = i => cell(rows[i * STRIDE + 1]) * N + cell(rows[i * STRIDE])
    const next = new Int32Array(N * N + 1)
    for (let i = 0; i < count; i++) next[of(i) + 1]++
    for (let c = 0; c < N * N; c++) next[c + 1] += next[c]
    this.#starts = next.slice()
    if (this.#members.length < count) this.#members = new Int32Array(count * 2)
    for (let i = 0; i < count; i++) this.#members[next[of(i)]++] = i
    this.#version = points.version
  }
}
