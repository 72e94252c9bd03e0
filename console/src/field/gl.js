// Draws the points with WebGL 2: one buffer, one program, one call per frame.

import { STRIDE, seconds } from './points.js'
import { fragment, vertex } from './shaders.js'

/** @returns a renderer, or null where there is no WebGL 2; where that runs in software, too, unless that will do */
export function webgl(canvas, slowWillDo) {
  if (!slowWillDo && inSoftware()) return null
  const gl = canvas.getContext('webgl2', { antialias: false, alpha: true, premultipliedAlpha: true, powerPreference: 'low-power' })
  if (!gl) return null
  let program, uniforms, capacity

  function setUp() {
    program = link(gl)
    uniforms = Object.fromEntries(['center', 'scale', 'now', 'size', 'ratio', 'young', 'old', 'ice', 'gold', 'dark', 'still', 'dense']
      .map(name => [name, gl.getUniformLocation(program, name)]))
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer())
    for (const i of [0, 1]) {
      gl.enableVertexAttribArray(i)
      gl.vertexAttribPointer(i, 4, gl.FLOAT, false, STRIDE * 4, i * 16)
    }
    capacity = 0
    gl.enable(gl.BLEND)
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA)
  }
  setUp()
  canvas.addEventListener('webglcontextlost', e => e.preventDefault())
  canvas.addEventListener('webglcontextrestored', setUp)

  function upload(points) {
    const { rows, dirty, count } = points
    if (capacity !== rows.length) {
      gl.bufferData(gl.ARRAY_BUFFER, rows, gl.DYNAMIC_DRAW)
      capacity = rows.length
    } else if (dirty[0] <= dirty[1]) {
      const to = Math.min(dirty[1] + 1, count)
      if (to > dirty[0]) gl.bufferSubData(gl.ARRAY_BUFFER, dirty[0] * STRIDE * 4, rows, dirty[0] * STRIDE, (to - dirty[0]) * STRIDE)
    }
    points.dirty = [Infinity, 0]
  }

  return {
    kind: 'webgl',
    draw(points, camera, look) {
      if (gl.isContextLost()) return
      const { width, height } = canvas
      upload(points)
      gl.viewport(0, 0, width, height)
      gl.clearColor(0, 0, 0, 0)
      gl.clear(gl.COLOR_BUFFER_BIT)
      gl.useProgram(program)
      const k = camera.scale * look.ratio
      gl.uniform2f(uniforms.center, camera.x, camera.y)
      gl.uniform2f(uniforms.scale, (2 * k) / width, (2 * k) / height)
      gl.uniform1f(uniforms.now, seconds())
      gl.uniform1f(uniforms.size, look.size * look.ratio)
      gl.uniform1f(uniforms.ratio, look.ratio)
      gl.uniform1f(uniforms.dark, look.dark ? 1 : 0)
      gl.uniform1f(uniforms.dense, look.dense)
      gl.uniform1f(uniforms.still, look.still ? 1 : 0)
      for (const name of ['young', 'old', 'ice', 'gold']) gl.uniform3fv(uniforms[name], look[name])
      gl.drawArrays(gl.POINTS, 0, points.count)
    },
  }
}

// Not every browser that falls back to software observes failIfMajorPerformanceCaveat. A canvas that has had
// one kind of context never gets another, so another canvas is asked.
function inSoftware() {
  const gl = document.createElement('canvas').getContext('webgl2')
  if (!gl) return true
  const names = gl.getExtension('WEBGL_debug_renderer_info')
  const name = gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER)
  gl.getExtension('WEBGL_lose_context')?.loseContext()
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name)
}

function link(gl) {
  const program = gl.createProgram()
  for (const [type, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(type)
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) throw new Error(gl.getShaderInfoLog(shader))
    gl.attachShader(program, shader)
  }
  gl.linkProgram(program)
  return program
}
