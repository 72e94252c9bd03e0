// The algorithm that Sigil replaces: a Map of memories in one process and nothing on disk.
// Every encode looks at every memory for those that resonate with the new one; a timer walks the whole Map.
// Arguments: the number of memories, the milliseconds to encode for, and the text of a value.
'use strict'
const { createHash, randomUUID } = require('node:crypto')

const phi = 1.618033988749895
const memories = new Map()
const crystals = new Map()

function encode(data, state) {
  const hash = createHash('sha256').update(JSON.stringify(data)).digest()
  const words = Array.from({ length: 6 }, (_, i) => hash.readUInt32BE(i * 4))
  const memory = {
    id: randomUUID(), data, state, frequency: (words[0] % 1000) / 1000 * phi, pattern: words.map(point), neighbors: [],
    potential: (state.phi * phi + state.coherence + state.awareness + state.emotionalResonance) / (3 + phi),
    lastAccessed: Date.now(), accessCount: 0, decay: 0,
  }
  for (const other of memories.values()) {
    if (Math.exp(-Math.abs(other.frequency - memory.frequency) / phi) > 0.8) memory.neighbors.push(other.id)
  }
  memories.set(memory.id, memory)
  if (memory.potential > 0.9) crystals.set(memory.id, lattice(state))
  return memory
}

function point(word) {
  const v = word / 0xffffffff
  return { spiralAngle: v * 2 * Math.PI * phi, spiralRadius: v * phi, resonanceIntensity: v, memoryWeight: v ** phi }
}

function lattice(state) {
  const n = Math.floor(state.coherence * 12)
  const nodes = Array.from({ length: n }, (_, i) => {
    const angle = 2 * Math.PI * i / n, radius = state.awareness * phi
    return { x: radius * Math.cos(angle), y: radius * Math.sin(angle), z: state.emotionalResonance * phi }
  })
  const edges = []
  for (const a of nodes) for (const b of nodes) {
    const distance = Math.hypot(a.x - b.x, a.y - b.y)
    if (a !== b && distance < phi) edges.push({ a, b, strength: 1 / distance })
  }
  return { nodes, edges }
}

function sweep() {
  const now = Date.now()
  for (const [id, memory] of memories) {
    memory.decay += (now - memory.lastAccessed) / 1000 * 0.001
    if (memory.decay > 0.95 && !crystals.has(id)) memories.delete(id)
  }
}

const [count, span, text] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]]
let n = 0
function next() {
  n++
  // One in a hundred is strong.
  const level = n % 100 === 0 ? 0.95 : 0.5
  const data = { kind: 'note', n, user: `u-${n % 1000}`, text, source: 'conversation', score: 0.875 }
  return encode(data, { phi: level, coherence: level, awareness: level, emotionalResonance: level })
}
const ids = []
while (memories.size < count) ids.push(next().id)

// For each new memory the oldest is removed, so that the number stays the same.
const took = []
let swept = performance.now()
const begin = swept
for (let now = begin; now < begin + span;) {
  ids.push(next().id)
  const end = performance.now()
  took.push(end - now)
  memories.delete(ids[took.length - 1])
  crystals.delete(ids[took.length - 1])
  if (end > swept + 5000) { sweep(); swept = end } // as the timer would
  now = performance.now()
}
const seconds = (performance.now() - begin) / 1000
took.sort((a, b) => a - b)
const at = (part) => took[Math.floor(part * took.length)]
console.log(JSON.stringify({ rate: took.length / seconds, p50: at(0.5), p99: at(0.99), p999: at(0.999) }))
