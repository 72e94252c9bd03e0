// The parts that need no browser. usage: node --test test/unit.mjs

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { duration } from '../src/format.js'
import { parseDuration, parsePolicy } from '../src/formulas.js'
import { dataOf, parts, pretty } from '../src/json.js'
import { hrefOf, idIn, listOf, nothing, patternHref, readAsk, searchOf, tagHref } from '../src/ask.js'
import { marked, textAt } from '../src/marks.js'
import { titleOf } from '../src/title.js'
import { words } from '../src/words.js'

test('the text of data is cut out as it is', () => {
  for (const data of ['12345678901234567890', '1e400', '{"a":1,"a":2}', '{"10":1,"9":[]}', '"a \\"quoted\\" \\\\"', '"\\\\\\""', '{}', '[]', 'null', '-0.10', '[1,{"data":"}"},"]"]', '""']) {
    for (const answer of [`{"id":"x","data":${data},"tags":["data"]}`, `{ "data" : ${data} }`, `{"data":${data}}`]) assert.equal(dataOf(answer), data)
    const page = `{"next":null,"memories":[{"id":"1","data":${data}},{"id":"2"},{"data":${data}}]}`
    const [, at] = [...parts(page)].find(([name]) => name === 'memories')
    assert.deepEqual([...parts(page, at)].map(([, from]) => dataOf(page, from)), [data, undefined, data])
  }
})

test('pretty changes white space alone', () => {
  assert.equal(pretty('{"a":[1.10,{"b":"x, {y}: \\"z\\""},[],{}],"a":12345678901234567890}'), [
    '{', '  "a": [', '    1.10,', '    {', '      "b": "x, {y}: \\"z\\""', '    },', '    [],', '    {}', '  ],', '  "a": 12345678901234567890', '}',
  ].join('\n'))
  for (const text of ['1e400', '"a b"', 'null', '[]', '{}']) assert.equal(pretty(text), text)
  const value = { a: [1, { b: null, c: ['x', true] }, [], {}], d: 'é "quoted" \\' }
  assert.equal(pretty(JSON.stringify(value)), JSON.stringify(value, null, 2))
})

const memory = data => ({ data, text: JSON.stringify(data) })

test('what is asked is in the address, and comes back from it', () => {
  const all = [
    ['#/search', {}], ['#/search/green%20tea', { text: 'green tea' }], ['#/search/%2Fnote%3A%3F%25', { text: '/note:?%' }],
    ['#/search?tag=two+words&tag=a%22b', { tags: ['two words', 'a"b'] }],
    ['#/search/tea?kind=pinned&fades=24h&created=7d&pattern=7&sort=recalls&rank=fresh', { text: 'tea', kind: 'pinned', fades: '24h', created: '7d', pattern: '7', sort: 'recalls', rank: 'fresh' }],
  ]
  for (const [address, asked] of all) {
    assert.deepEqual(readAsk(address), { ...nothing, ...asked })
    assert.equal(hrefOf({ ...nothing, ...asked }), address)
  }
  // What an address of another origin has, and this page does not know, is left out.
  for (const address of ['#/search?sort=toString&kind=x&pattern=-1&tag=', '#/field', '']) assert.deepEqual(readAsk(address), nothing)
  assert.equal(readAsk('#/search/50%').text, '50%')
  assert.equal(tagHref('two words'), '#/search?tag=two+words')
  assert.equal(patternHref(7), '#/search?pattern=7')
})

test('what is asked becomes a search, or a list', () => {
  const now = Date.parse('2026-01-31T12:00:00Z')
  const ask = { ...nothing, text: 'tea', tags: ['a'], kind: 'fading', fades: '24h', created: '1h', pattern: '7', rank: 'strong', sort: 'fades' }
  const filters = { pinned: false, crystallized: false, fadingBefore: '2026-02-01T12:00:00.000Z' }
  assert.deepEqual(searchOf(ask, now), { query: 'tea', highlight: true, explain: true, ...filters, tags: ['a'], pattern: 7, createdAfter: '2026-01-31T11:00:00.000Z', weights: { strength: 0.5 } })
  assert.deepEqual(listOf(ask, now), { ...filters, pattern: '7', tag: ['a'], sort: 'fades' })
  assert.deepEqual(searchOf({ ...nothing, text: 'tea' }, now), { query: 'tea', highlight: true, explain: true })
})

test('a whole id is looked up by itself', () => {
  const id = '01a2b3c4-0000-7000-8000-00000000abcd'
  assert.deepEqual(idIn(` ${id} `), { id, only: false }) // others may name it
  assert.deepEqual(idIn(`id:${id.toUpperCase()}`), { id, only: true })
  for (const text of ['id:abcd', '01a2', `${id} tea`, `tag:${id}`, '']) assert.deepEqual(idIn(text), { id: null, only: false })
})

test('a text is found by its pointer, as it is stored', () => {
  const data = '{"a":[1.10,{"b/c":"x"},12345678901234567890],"~":"tilde", "a b" : {"":"empty"},"n":null,"t":true}'
  for (const [pointer, text] of [['/a/0', '1.10'], ['/a/1/b~1c', 'x'], ['/a/2', '12345678901234567890'], ['/~0', 'tilde'], ['/a b/', 'empty']]) assert.equal(textAt(data, pointer), text)
  for (const pointer of ['', '/a', '/a/3', '/b', '/a/0/x', '/n', '/t', '/~0/x']) assert.equal(textAt(data, pointer), null)
  assert.equal(textAt('"\\u00e9\\n"', ''), 'é\n')
})

test('what matched is marked, counted in code points', () => {
  const shown = (...of) => marked(...of).map(p => (p.hit ? `[${p.text}]` : p.text)).join('')
  assert.equal(shown('🫖 tea, green\ntea', [[2, 5], [13, 16]]), '🫖 [tea], green [tea]')
  assert.equal(shown('tea', []), 'tea')
  assert.equal(shown('tea', [[0, 3]]), '[tea]')
  // Of a long text, the part with the most hits, from word to word.
  const long = `${'one tea and '.repeat(3)}${'some words between them '.repeat(20)}green tea, more tea, all tea at the end of it`
  const at = [...long.matchAll(/tea/g)].map(m => [m.index, m.index + 3])
  assert.equal(shown(long, at.slice(3), 60), '…between them green [tea], more [tea], all [tea] at the end of it')
  assert.equal(shown(long, [], 20), 'one tea and one tea…')
  assert.ok(marked('x'.repeat(500), [[400, 410]], 60).some(p => p.hit))
})

test('a title is what a memory says', () => {
  const titles = [
    [{ role: 'user', content: 'Where is the kettle?' }, 'Where is the kettle?'],
    [{ type: 'human', id: 'x', content: [{ type: 'text', text: 'In parts' }] }, 'In parts'],
    [{ messages: [{ role: 'system', content: '' }, { role: 'user', content: 'The first' }] }, 'The first'],
    [[{ role: 'user', content: 'A list' }], 'A list'],
    [{ user_id: 'alice', memory: 'Likes tea' }, 'Likes tea'],
    [{ id: 'x', createdAt: '2026', note: 'a note' }, 'a note'],
    [{ title: 'Called', text: 'long' }, 'Called'],
    [{ role: 'user' }, 'user'],
    [{ topic: 'amber', n: 1 }, 'amber'],
    [{ payload: { text: 'inside' } }, 'inside'],
    ['just words', 'just words'],
    [{ n: 1 }, '{"n":1}'],
    [null, 'null'],
    ['', '""'],
  ]
  for (const [data, title] of titles) assert.equal(titleOf(memory(data)), title)
})

test('durations are written as the daemon does, and read from any version of it', () => {
  const forms = { 0: '0s', 90: '90s', 95: '95s', 100: '1m40s', 3600: '1h', 5400: '90m', 6000: '1h40m', 3610: '1h10s', 129600: '36h', 131400: '36h30m', 604800: '7d', 2613600: '30d6h', 31536000: '365d' }
  for (const [seconds, form] of Object.entries(forms)) {
    assert.equal(duration(Number(seconds)), form)
    assert.equal(parseDuration(form), Number(seconds))
  }
  const read = { '168h0m0s': 604800, '1h0m0s': 3600, '1m30s': 90, '1.5s': 1.5, '250ms': 0.25, '1d12h': 129600 }
  for (const [text, seconds] of Object.entries(read)) assert.equal(parseDuration(text), seconds)
  for (const text of ['', '7', 'd', 'soon', '7w']) assert.ok(Number.isNaN(parseDuration(text)), text)
  for (const h of ['7d', '168h0m0s']) assert.deepEqual(parsePolicy(`halflife h=${h} threshold=0.9`), { kind: 'halflife', rate: 0.001, period: 5, half: 604800, threshold: 0.9 })
})

test('each kind of entry has words of its own', () => {
  const fadesAt = '2026-11-30T12:00:00.000Z'
  const a = { decay: 0.951, threshold: 0.95, idleSeconds: 95, potential: 0.5, fadesAt, ttl: '1h' }
  for (const [entry, want] of [
    [{ kind: 'encoded', reason: 'request', arithmetic: a }, /^request$/],
    [{ kind: 'signed', reason: 'request' }, /^request$/],
    [{ kind: 'pinned', reason: 'request', arithmetic: a }, /^request, potential 0.500$/],
    [{ kind: 'faded', reason: 'decay', arithmetic: a }, /^decay 0.951 passed 0.95 after/],
    [{ kind: 'faded', reason: 'ttl', arithmetic: a }, /^its ttl of 1h ended$/],
    [{ kind: 'corrected', reason: 'request', arithmetic: a }, /^its place was taken by$/],
    [{ kind: 'erased', reason: 'request' }, /^for good: nothing/],
    [{ kind: 'changed', reason: 'request', changed: ['tags', 'ttl', 'pinned'], arithmetic: a }, /^on request: tags, ttl and pinned; it would fade .*2026/],
    [{ kind: 'changed', reason: 'request', changed: ['life'], arithmetic: { ...a, fadesAt: null } }, /^on request: life; it does not fade$/],
    [{ kind: 'fading', reason: 'decay', arithmetic: a }, /^a notice: unless it is recalled, it fades .*2026/],
    [{ kind: 'fading', reason: 'ttl', arithmetic: a }, /^a notice: its ttl ends .*2026/],
    [{ kind: 'policy', reason: 'request', policies: { from: null, to: 'classic' } }, /^of the tenant: classic, instead of that of the daemon$/],
  ]) assert.match(words(entry), want)
  assert.equal(words({ kind: 'evicted', reason: 'bytes', arithmetic: a }, x => `decay ${x.decay}`), 'bytes, decay 0.951')
})
