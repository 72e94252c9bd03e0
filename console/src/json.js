// JSON as text: keeps what JSON.parse and JSON.stringify would change (long numbers, repeated names, the
// order of numeric names).

/** endOf returns the index after the value that begins at i. The text must be JSON. */
function endOf(text, i) {
  let depth = 0
  for (;;) {
    const c = text[i]
    if (c === '"') i = endOfString(text, i)
    else if (c === '{' || c === '[') { depth++; i++ }
    else if (c === '}' || c === ']') { depth--; i++ }
    else if (depth === 0) return endOfWord(text, i)
    else i++
    if (depth === 0 && c !== ' ' && c !== undefined) return i
  }
}

function endOfString(text, i) {
  for (let at = i + 1; ;) {
    const quote = text.indexOf('"', at)
    let slashes = 0
    while (text[quote - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return quote + 1
    at = quote + 1
  }
}

function endOfWord(text, i) {
  while (i < text.length && !',]} \t\r\n'.includes(text[i])) i++
  return i
}

function afterSpace(text, i) {
  while (i < text.length && ' \t\r\n'.includes(text[i])) i++
  return i
}

/**
 * parts yields the members of an object, or the items of an array, that begins at i: [name, from, to], where the value
 * is text.slice(from, to) and an item has no name.
 */
export function* parts(text, i = 0) {
  i = afterSpace(text, i)
  const named = text[i] === '{'
  i = afterSpace(text, i + 1)
  while (i < text.length && text[i] !== '}' && text[i] !== ']') {
    let name
    if (named) {
      const end = endOfString(text, i)
      name = JSON.parse(text.slice(i, end))
      i = afterSpace(text, afterSpace(text, end) + 1) // the colon
    }
    const end = endOf(text, i)
    yield [name, i, end]
    i = afterSpace(text, end)
    if (text[i] === ',') i = afterSpace(text, i + 1)
  }
}

/** dataOf returns the text of the member data of the object that begins at i, or undefined if it has none. */
export function dataOf(text, i = 0) {
  for (const [name, from, to] of parts(text, i)) if (name === 'data') return text.slice(from, to)
  return undefined
}

/** pretty puts each member and item on its own line, and changes nothing else. */
export function pretty(text) {
  const out = []
  const line = depth => out.push('\n', '  '.repeat(depth))
  let depth = 0
  for (let i = 0; i < text.length;) {
    const c = text[i]
    if (c === '"') {
      const end = endOfString(text, i)
      out.push(text.slice(i, end))
      i = end
      continue
    }
    i++
    if (c === '{' || c === '[') {
      const close = afterSpace(text, i)
      out.push(c)
      if (text[close] === '}' || text[close] === ']') {
        out.push(text[close])
        i = close + 1
      } else line(++depth)
    } else if (c === '}' || c === ']') {
      line(--depth)
      out.push(c)
    } else if (c === ',') {
      out.push(c)
      line(depth)
    } else if (c === ':') out.push(': ')
    else if (!' \t\r\n'.includes(c)) out.push(c)
  }
  return out.join('')
}
