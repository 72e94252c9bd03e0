// Reads the search box: words, "quoted words", tag:name, tag:"a name", pattern:7, id:part; all must match.

const FULL_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** tagTerm returns the term that finds a tag. */
export const tagTerm = tag => `tag:${/[\s"\\]/.test(tag) ? `"${tag.replace(/["\\]/g, c => `\\${c}`)}"` : tag}`

/**
 * compile turns the typed text into a query and a test.
 * @returns {{id: string|null, only: boolean, narrow: object, test: (m: object) => boolean}} id is a whole id, which is
 *   looked up by itself; only is true if nothing else can match
 */
export function compile(typed) {
  const tests = []
  const narrow = {}
  const ids = []
  let others = 0
  for (const [, key, quoted, bare] of typed.matchAll(/(?:(tag|pattern|id):)?(?:"((?:[^"\\]|\\.)*)"(?=\s|$)|(\S+))/g)) {
    const value = quoted === undefined ? bare : quoted.replace(/\\(["\\])/g, '$1')
    const low = value.toLowerCase()
    if (!low) continue
    const whole = (!key || key === 'id') && FULL_ID.test(low)
    if (whole) ids.push(low)
    if (!(whole && key)) others++
    if (key === 'tag') tests.push(m => m.tags?.some(t => t.toLowerCase() === low))
    else if (key === 'pattern' && /^\d+$/.test(value)) narrow.pattern = value
    else if (key === 'id') tests.push(m => m.id.includes(low))
    else tests.push(m => says(m, low) || m.id.includes(low) || m.tags?.some(t => t.toLowerCase().includes(low)))
  }
  return { id: ids.length === 1 ? ids[0] : null, only: ids.length > 0 && others === 0, narrow, test: m => tests.every(t => t(m)) }
}

// It searches both the stored text, with all digits of numbers, and the displayed text, without the escapes
// in strings.
const says = (m, low) => m.text.toLowerCase().includes(low) || (m.text.includes('\\') && reads(m.data, low))
const reads = (v, low) => (typeof v === 'string' ? v.toLowerCase().includes(low)
  : v && typeof v === 'object' && Object.entries(v).some(([name, x]) => name.toLowerCase().includes(low) || reads(x, low)))
