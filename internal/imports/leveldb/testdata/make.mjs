// node make.mjs KIND FOLDER makes a folder, and prints what the library reads in it, one record a line.
import { Level } from 'level'

const [kind, folder] = process.argv.slice(2)
const small = { writeBufferSize: 32 << 10, maxFileSize: 16 << 10, blockSize: 1 << 10, compression: kind !== 'plain' }

const key = (n) => `sigil:${String(n).padStart(4, '0')}`
const words = ['tea', 'kettle', 'attic', 'garden', 'letter', 'harbor', 'winter', 'lamp']
const memory = (n, round) => ({
  id: key(n),
  data: { note: `${words[n % 8]} ${words[(n * 3) % 8]} ${n}`, round, pad: words[n % 8].repeat(20) },
  consciousnessState: { phi: (n % 10) / 10, coherence: 0.5, awareness: 0.25, emotionalResonance: 0.75 },
  resonanceFrequency: 0.5, crystallizationPotential: 0.5, memoryPattern: [],
  timestamp: 1700000000000 + n * 1000, lastAccessed: 1700000000000 + n * 1000, accessCount: round, decay: 0
})

let db = new Level(folder, { valueEncoding: 'json', ...small })
const again = async () => {
  await db.close()
  db = new Level(folder, { valueEncoding: 'json', ...small })
  await db.open()
}

if (kind === 'logonly') {
  for (let n = 0; n < 8; n++) await db.put(key(n), memory(n, 1))
  await db.put(key(3), memory(3, 2))
  await db.del(key(5))
  await db.batch([{ type: 'put', key: 'crystal:1', value: { id: 'crystal:1', kind: 'memory', stabilityScore: 0.95 } }, { type: 'del', key: key(0) }])
  await db.put('long', { text: 'x'.repeat(70000) }) // over two blocks of the log
} else {
  for (let n = 0; n < 160; n++) await db.put(key((n * 37) % 160), memory((n * 37) % 160, 1))
  await again()
  await db.compactRange?.('', '~')
  for (let n = 0; n < 160; n += 3) await db.put(key(n), memory(n, 2))
  await db.batch(Array.from({ length: 20 }, (_, n) => ({ type: 'del', key: key(n * 7) })))
  await again() // what was in the log is in a table of level 0 or deeper
  for (let n = 0; n < 60; n += 5) await db.put(key(n), memory(n, 3))
  await db.del(key(1))
}
for await (const [k, v] of db.iterator()) console.log(JSON.stringify({ key: k, value: v }))
await db.close()
