// Draws the points if there is no graphics card: in the time of a frame, WebGL in software draws a tenth of
// the points. Plain points are drawn into an array of pixels, the few others onto the canvas over it.

import { rowOf, seconds, STRIDE } from './points.js'

const LEVELS = 32 // of vigor
const OTHER = 255 // instead of a level: not a plain point
const SUB = 4 // places within a pixel, each way
const STALE = 0.5 // s after which levels are worked out anew: fading is slow

export function flat(canvas) {
  const c = canvas.getContext('2d')
  let image, pixels
  let inked = { left: 0, top: 0, right: 0, bottom: 0 } // the part of the pixels that is not clear
  let levels = new Uint8Array(0)
  let version, leveled
  let brushes, look

  // A level for each row: of those that changed since the last frame, and of all from time to time.
  function level(points) {
    const { rows, count } = points
    const now = seconds()
    let [from, to] = points.dirty
    if (version !== points.version || now - leveled > STALE) {
      if (levels.length < count) levels = new Uint8Array(rows.length / STRIDE)
      ;[version, leveled, from, to] = [points.version, now, 0, count - 1]
    }
    for (let i = from; i <= Math.min(to, count - 1); i++) {
      const p = rowOf(rows, i * STRIDE, now)
      levels[i] = p.flags & 6 || p.flash > 0 || p.gone > 0 ? OTHER : Math.round(p.vigor * (LEVELS - 1))
    }
    points.dirty = [Infinity, 0]
  }

  // wipe clears the pixels of the last frame.
  function wipe(width) {
    for (let y = inked.top; y < inked.bottom; y++) pixels.fill(0, y * width + inked.left, y * width + inked.right)
    inked = { left: Infinity, top: Infinity, right: 0, bottom: 0 }
  }

  // plain draws the plain points, and returns the rows of the others.
  function plain({ rows, count }, camera, ratio) {
    const { width, height } = canvas
    if (image?.width !== width || image.height !== height) {
      image = c.createImageData(width, height)
      pixels = new Uint32Array(image.data.buffer)
      inked = { left: 0, top: 0, right: 0, bottom: 0 }
    }
    wipe(width)
    const k = camera.scale * ratio
    const left = width / 2 - camera.x * k
    const top = height / 2 + camera.y * k
    const others = []
    for (let i = 0; i < count; i++) {
      const x = left + rows[i * STRIDE] * k
      const y = top - rows[i * STRIDE + 1] * k
      if (x < 0 || y < 0 || x > width || y > height) continue
      if (levels[i] === OTHER) {
        others.push([i, x, y])
        continue
      }
      const sx = (x * SUB) | 0
      const sy = (y * SUB) | 0
      const { side, rgb, alphas } = brushes[(levels[i] * SUB + sx % SUB) * SUB + sy % SUB]
      const x0 = ((sx / SUB) | 0) - ((side - 1) >> 1)
      const y0 = ((sy / SUB) | 0) - ((side - 1) >> 1)
      if (x0 < 0 || y0 < 0 || x0 + side > width || y0 + side > height) continue
      if (x0 < inked.left) inked.left = x0
      if (y0 < inked.top) inked.top = y0
      if (x0 + side > inked.right) inked.right = x0 + side
      if (y0 + side > inked.bottom) inked.bottom = y0 + side
      for (let j = 0, m = 0, row = y0 * width + x0; j < side; j++, row += width) {
        for (let at = row; at < row + side; at++, m++) {
          const a = alphas[m]
          if (a !== 0) pixels[at] = pixels[at] === 0 ? (a << 24) | rgb : over(pixels[at], rgb, a)
        }
      }
    }
    c.clearRect(0, 0, width, height)
    if (inked.right > 0) c.putImageData(image, 0, 0, inked.left, inked.top, inked.right - inked.left, inked.bottom - inked.top)
    return others
  }

  return {
    kind: '2d',
    draw(points, camera, newLook) {
      if (look !== newLook) brushes = brushesOf(look = newLook)
      level(points)
      const now = seconds()
      for (const [i, x, y] of plain(points, camera, look.ratio)) {
        c.setTransform(1, 0, 0, 1, x, y)
        other(c, rowOf(points.rows, i * STRIDE, now), look)
      }
      c.resetTransform()
    },
  }
}

/**
 * brushesOf returns how a plain point is drawn onto the pixels around it: for each level of vigor and each
 * position within a pixel, its colour, and its alpha, 0 to 255, on each of side times side pixels.
 */
function brushesOf({ young, old, dense, size, ratio }) {
  const brushes = []
  for (let level = 0; level < LEVELS; level++) {
    const vigor = level / (LEVELS - 1)
    const [red, green, blue] = toneOf(vigor, young, old)
    const rgb = red | (green << 8) | (blue << 16)
    const radius = Math.max(0.5, (size * ratio * (0.72 + 0.55 * vigor)) / 2)
    const side = Math.ceil(2 * radius) + 1
    for (let place = 0; place < SUB * SUB; place++) {
      const cx = ((side - 1) >> 1) + Math.floor(place / SUB) / SUB
      const cy = ((side - 1) >> 1) + (place % SUB) / SUB
      const alphas = new Uint8Array(side * side)
      for (let m = 0; m < alphas.length; m++) {
        const dx = (m % side) + 0.5 - cx
        const dy = Math.floor(m / side) + 0.5 - cy
        const t = Math.min(1, Math.max(0, (Math.sqrt(dx * dx + dy * dy) / radius - 0.35) / 0.65))
        alphas[m] = Math.round(255 * alphaOf(vigor, dense) * (1 - t * t * (3 - 2 * t)))
      }
      brushes.push({ side, rgb, alphas })
    }
  }
  return brushes
}

const toneOf = (vigor, young, old) => young.map((v, i) => Math.round(255 * (old[i] + (v - old[i]) * vigor ** 0.7)))
const alphaOf = (vigor, dense) => (0.14 + 0.86 * vigor) * dense
const css = (rgb, alpha = 1) => `rgb(${rgb.map(v => Math.round(v)).join(' ')} / ${alpha})`
const bytes = rgb => rgb.map(v => v * 255)

/** over blends a colour with alpha over a pixel that has a colour. */
function over(under, rgb, a) {
  const b = under >>> 24
  const both = a + b - ((a * b + 128) >> 8)
  const w = ((a << 8) / both) | 0
  const red = under & 255
  const green = (under >>> 8) & 255
  const blue = (under >>> 16) & 255
  return (both << 24) |
    ((blue + ((((rgb >>> 16) - blue) * w) >> 8)) << 16) |
    ((green + (((((rgb >>> 8) & 255) - green) * w) >> 8)) << 8) |
    (red + ((((rgb & 255) - red) * w) >> 8))
}

// The shapes of shaders.js: crystals, rings of pinned memories, flashes of new ones, shells of dissolving
// ones.
function other(c, { flags, vigor, flash, gone }, look) {
  const { ratio, size, still, dense } = look
  const crystal = flags & 4
  const pinned = flags & 2
  const whole = crystal ? Math.max(size * 2.2 * ratio, 7.5 * ratio) : pinned ? Math.max(size * 2.4 * ratio, 8.5 * ratio) : size * ratio * (0.72 + 0.55 * vigor)
  const radius = whole / 2
  const there = 1 - gone
  if (crystal) {
    hexagon(c, radius * 0.9)
    c.fillStyle = css(bytes(look.ice), there)
    c.fill()
    hexagon(c, radius * 0.41)
    c.fillStyle = css([255, 255, 255], 0.35 * there)
    c.fill()
  } else {
    disk(c, radius * (pinned ? 0.33 : 0.7))
    c.fillStyle = css(toneOf(vigor, look.young, look.old), (pinned ? 1 : alphaOf(vigor, dense)) * there)
    c.fill()
  }
  if (pinned && !crystal) ring(c, radius * 0.78, radius * 0.2, css(bytes(look.gold), 0.95 * there))
  if (still) return
  if (gone > 0) {
    const shell = Math.max(whole, whole * 1.5 + 14 * ratio) / 2
    ring(c, shell * (0.3 + 0.62 * gone), shell * 0.14, css(toneOf(vigor, look.young, look.old), 0.5 * there))
  } else if (flash > 0) {
    ring(c, 23 * ratio * (0.92 - 0.8 * flash * flash), 23 * ratio * 0.07, css(bytes(look.gold), flash))
  }
}

function disk(c, radius) {
  c.beginPath()
  c.arc(0, 0, Math.max(0.5, radius), 0, 2 * Math.PI)
}

function ring(c, radius, width, style) {
  disk(c, radius)
  c.lineWidth = width
  c.strokeStyle = style
  c.stroke()
}

function hexagon(c, radius) {
  c.beginPath()
  for (let i = 0; i < 6; i++) c.lineTo(0.82 * radius * Math.sin((i * Math.PI) / 3), radius * Math.cos((i * Math.PI) / 3))
  c.closePath()
}
