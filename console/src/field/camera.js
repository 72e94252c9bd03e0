// The part of the field that is visible, moved by wheel, drag, pinch and keys.

const MIN = 0.6
const MAX = 400

export class Camera {
  x = 0
  y = 0
  zoom = 1
  width = 1
  height = 1

  /** scale is the number of CSS pixels per unit of the field. */
  get scale() { return (this.zoom * Math.max(60, Math.min(this.width, this.height) - 64)) / 3.44 }

  toField(px, py) {
    return [this.x + (px - this.width / 2) / this.scale, this.y - (py - this.height / 2) / this.scale]
  }

  toScreen(x, y) {
    return [this.width / 2 + (x - this.x) * this.scale, this.height / 2 - (y - this.y) * this.scale]
  }

  /** zoomAt keeps the point under (px, py) in its place. */
  zoomAt(px, py, factor) {
    const [x, y] = this.toField(px, py)
    this.zoom = Math.min(MAX, Math.max(MIN, this.zoom * factor))
    const [x2, y2] = this.toField(px, py)
    this.x += x - x2
    this.y += y - y2
    this.#bound()
  }

  pan(dx, dy) {
    this.x -= dx / this.scale
    this.y += dy / this.scale
    this.#bound()
  }

  reset() { [this.x, this.y, this.zoom] = [0, 0, 1] }

  #bound() {
    this.x = Math.min(2, Math.max(-2, this.x))
    this.y = Math.min(2, Math.max(-2, this.y))
  }
}

/**
 * steer binds the inputs of an element to a camera.
 * @param {{moved: () => void, point: (x: number, y: number) => void, leave: () => void, pick: (x: number, y: number) => void}} on
 * @returns {() => void} unbinds
 */
export function steer(element, camera, on) {
  const down = new Map()
  let travelled = 0

  const at = e => {
    const box = element.getBoundingClientRect()
    return [e.clientX - box.left, e.clientY - box.top]
  }
  const handlers = {
    wheel(e) {
      e.preventDefault()
      camera.zoomAt(...at(e), Math.exp(-e.deltaY * (e.ctrlKey ? 0.01 : 0.0016)))
      on.moved()
    },
    pointerdown(e) {
      if (e.button) return
      element.setPointerCapture(e.pointerId)
      down.set(e.pointerId, at(e))
      if (down.size === 1) travelled = 0
    },
    pointermove(e) {
      const [x, y] = at(e)
      const before = down.get(e.pointerId)
      if (!before) return on.point(x, y)
      travelled += Math.hypot(x - before[0], y - before[1])
      const other = [...down].find(([id]) => id !== e.pointerId)?.[1]
      if (other) {
        const was = Math.hypot(before[0] - other[0], before[1] - other[1])
        const is = Math.hypot(x - other[0], y - other[1])
        camera.zoomAt((x + other[0]) / 2, (y + other[1]) / 2, is / Math.max(1, was))
        camera.pan((x - before[0]) / 2, (y - before[1]) / 2)
      } else if (travelled > 4) camera.pan(x - before[0], y - before[1])
      down.set(e.pointerId, [x, y])
      on.moved()
    },
    pointerup(e) {
      const was = down.delete(e.pointerId)
      if (was && !down.size && travelled <= 4) on.pick(...at(e))
    },
    pointercancel(e) { down.delete(e.pointerId) },
    pointerleave() { on.leave() },
    keydown(e) {
      const step = 60
      const moves = {
        ArrowLeft: () => camera.pan(step, 0), ArrowRight: () => camera.pan(-step, 0),
        ArrowUp: () => camera.pan(0, step), ArrowDown: () => camera.pan(0, -step),
        '+': () => camera.zoomAt(camera.width / 2, camera.height / 2, 1.3), '=': () => camera.zoomAt(camera.width / 2, camera.height / 2, 1.3),
        '-': () => camera.zoomAt(camera.width / 2, camera.height / 2, 1 / 1.3), 0: () => camera.reset(),
        Enter: () => on.pick(camera.width / 2, camera.height / 2),
      }
      if (!moves[e.key] || e.ctrlKey || e.metaKey || e.altKey) return
      e.preventDefault()
      moves[e.key]()
      on.moved()
    },
  }
  for (const [name, f] of Object.entries(handlers)) element.addEventListener(name, f, { passive: false })
  return () => { for (const [name, f] of Object.entries(handlers)) element.removeEventListener(name, f) }
}
