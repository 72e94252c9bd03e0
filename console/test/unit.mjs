// The parts that need no browser. usage: node --test test/unit.mjs

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { duration } from '../src/format.js'
import { parseDuration, parsePolicy } from '../src/formulas.js'
import { dataOf, parts, pretty } from '../src/json.js'
import { compile, tagTerm } from '../src/terms.js'
import { titleOf } from '../src/title.js'

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

const memory = (data, more = {}) => ({ id: '01a2b3c4-0000-7000-8000-00000000abcd', data, text: JSON.stringify(data), tags: ['two words', 'note', 'a"b'], ...more })
const finds = (typed, data) => compile(typed).test(memory(data))

test('what is typed is found', () => {
  const kettle = { fact: 'The kettle is in the left cupboard', quote: 'she said "no"', n: 1 }
  for (const typed of ['kettle', 'KETTLE cupboard', '"left cupboard"', '"left cupboard" kettle', 'tag:note', 'tag:"two words"', tagTerm('two words'), tagTerm('note'), tagTerm('a"b'), 'id:abcd', '"said \\"no\\""', 'tag:note "left cupboard"', '"two words"', 'fact']) {
    assert.ok(finds(typed, kettle), typed)
  }
  for (const typed of ['"cupboard left"', 'tag:two', 'tag:words', 'id:abce', 'kettle spoon', 'tag:note "cupboard left"']) assert.ok(!finds(typed, kettle), typed)
  const big = { ...memory({ n: 12345678901234567890n.toString() }), text: '{"n":12345678901234567890}' }
  assert.ok(compile('12345678901234567890').test(big))
  assert.equal(compile('pattern:7 x').narrow.pattern, '7')
})

test('a whole id is looked up by itself', () => {
  const { id } = memory(1)
  assert.deepEqual([compile(id).id, compile(id).only], [id, false]) // others may name it
  assert.deepEqual([compile(`id:${id.toUpperCase()}`).id, compile(`id:${id}`).only], [id, true])
  assert.deepEqual([compile('id:abcd').id, compile('01a2').only], [null, false])
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
