// Draws the points on a 2D canvas, where there is no WebGL: plainer, and slower with many.

export function flat(canvas) {
  const c = canvas.getContext('2d')
  const css = rgb => `rgb(${rgb.map(v => Math.round(v * 255)).join(' ')})`
  return {
    kind: '2d',
    draw(points, camera, look) {
      const { width, height } = canvas
      const k = camera.scale * look.ratio
      c.clearRect(0, 0, width, height)
      for (let i = 0; i < points.count; i++) {
        const p = points.at(i)
        const x = width / 2 + (p.x - camera.x) * k
        const y = height / 2 - (p.y - camera.y) * k
        if (x < 0 || y < 0 || x > width || y > height) continue
        const lasting = p.pinned || p.crystallized
        const s = look.size * look.ratio * (lasting ? 1.8 : 0.6)
        c.globalAlpha = lasting ? 1 : Math.max(0.15, 1 - p.decay) * Math.min(1, look.dense * 1.4)
        c.fillStyle = css(p.crystallized ? look.ice : look.young)
        c.fillRect(x - s / 2, y - s / 2, s, s)
        if (p.pinned) {
          c.strokeStyle = css(look.gold)
          c.strokeRect(x - s, y - s, s * 2, s * 2)
        }
      }
      c.globalAlpha = 1
    },
  }
}
