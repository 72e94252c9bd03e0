// Runs the two canvases of the field: draws a frame when something changed, every frame while something
// moves, and once a second otherwise, since fading is slow.

import { effect } from '@preact/signals'
import { neighbors, renderer, selected, theme } from '../state.js'
import { onChange } from '../sync.js'
import { Camera, steer } from './camera.js'
import { flat } from './flat.js'
import { webgl } from './gl.js'
import { Grid } from './grid.js'
import { lookOf } from './look.js'
import { drawChart, drawOverlay } from './overlay.js'
import { points } from './points.js'

const RESTLESS = 2000 // ms that an event's flash or dissolve takes
const camera = new Camera() // kept between visits of the view

export class Stage {
  #grid = new Grid()
  #hovered = -1
  #pointer = null
  #movingUntil = 0
  #frame = 0
  #timer = 0
  #undo = []

  constructor(box, { hover, open }) {
    const [chart, canvas, lines] = box.querySelectorAll('canvas')
    this.box = box
    this.canvas = canvas
    this.chart = chart
    this.lines = lines
    this.say = hover
    this.renderer = webgl(canvas, renderer === 'webgl') ?? flat(canvas)
    box.dataset.renderer = this.renderer.kind
    const size = new ResizeObserver(() => this.#resize())
    size.observe(box)
    const frame = () => this.invalidate()
    const redress = () => { this.look = null; frame() }
    for (const name of ['focus', 'blur']) box.addEventListener(name, frame)
    this.#undo = [
      () => size.disconnect(),
      steer(box, camera, {
        moved: () => { this.#hover(this.#pointer); frame() },
        point: (x, y) => this.#hover([x, y]),
        leave: () => this.#hover(null),
        pick: (x, y) => {
          const i = this.#pick(x, y)
          if (i >= 0) open(points.ids[i])
        },
      }),
      onChange(() => { this.#movingUntil = performance.now() + RESTLESS; this.look = null; frame() }),
      effect(() => { theme.value; redress() }),
      effect(() => { selected.value; neighbors.value; frame() }),
    ]
    this.#resize()
  }

  end() {
    for (const f of this.#undo) f()
    cancelAnimationFrame(this.#frame)
    clearTimeout(this.#timer)
  }

  zoom(factor) { camera.zoomAt(camera.width / 2, camera.height / 2, factor); this.look = null; this.invalidate() }
  home() { camera.reset(); this.look = null; this.invalidate() }

  invalidate() {
    clearTimeout(this.#timer)
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#draw())
  }

  #draw() {
    this.#frame = 0
    points.sweep()
    this.look = this.look?.zoom === camera.zoom ? this.look : { ...lookOf(points.count, camera), zoom: camera.zoom }
    this.renderer.draw(points, camera, this.look)
    this.#drawChart()
    this.#drawOverlay()
    if (performance.now() < this.#movingUntil) this.invalidate()
    else this.#timer = setTimeout(() => this.invalidate(), 1000)
  }

  // The chart changes only with the camera and the theme.
  #drawChart() {
    const key = [camera.x, camera.y, camera.zoom, camera.width, camera.height, theme.value].join()
    if (key === this.charted) return
    this.charted = key
    drawChart(this.chart, camera, this.look)
  }

  // With nothing to point out, the canvas over the points stays empty.
  #drawOverlay() {
    const marks = { hovered: this.#hovered, selected: selected.value, neighbors: neighbors.value, cross: this.box.matches(':focus-visible') }
    const anything = marks.hovered >= 0 || marks.selected || marks.cross
    if (anything || this.marked) drawOverlay(this.lines, camera, this.look, marks)
    this.marked = anything
  }

  #resize() {
    const { clientWidth: w, clientHeight: h } = this.box
    const ratio = Math.min(2, devicePixelRatio || 1)
    camera.width = Math.max(1, w)
    camera.height = Math.max(1, h)
    for (const c of [this.chart, this.canvas, this.lines]) {
      c.width = Math.max(1, Math.round(w * ratio))
      c.height = Math.max(1, Math.round(h * ratio))
    }
    this.look = this.charted = null
    this.invalidate()
  }

  #pick(x, y) {
    const [fx, fy] = camera.toField(x, y)
    return this.#grid.nearest(points, fx, fy, 18 / camera.scale)
  }

  #hover(at) {
    this.#pointer = at
    const i = at ? this.#pick(...at) : -1
    if (i >= 0) this.say({ x: at[0], y: at[1], width: camera.width, height: camera.height, point: points.at(i) })
    else if (this.#hovered >= 0) this.say(null)
    if (i !== this.#hovered) {
      this.#hovered = i
      this.box.style.cursor = i >= 0 ? 'pointer' : ''
      this.invalidate()
    }
  }
}
