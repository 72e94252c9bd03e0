// Prints the records of a LevelDB of the Node.js stack that Sigil replaces, one a line, for `sigil import`:
//
//   npm install level@10 && node dump.mjs FOLDER > records.ndjson && sigil import --from sigil-dna records.ndjson
//
// level locks the folder, and brings it up to date: stop the old stack first, and work on a copy.
import { Level } from 'level'

const db = new Level(process.argv[2], { createIfMissing: false, valueEncoding: 'utf8' })
await db.open()
for await (const [key, text] of db.iterator()) {
  let value = JSON.stringify(text) // what is not JSON is printed as text, and sigil import names it
  try { JSON.parse(text); value = text.replace(/[\r\n]+/g, ' ') } catch {} // as it is: JSON.parse would round numbers
  console.log(`{"key":${JSON.stringify(key)},"value":${value}}`)
}
await db.close()
