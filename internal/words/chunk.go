package words

import "bytes"

// kind is what a byte means for where a text is cut. Bytes of characters beyond ASCII are joiners here: the pieces that
// have them are cut again by the rules of Unicode.
type kind uint8

const (
	space  kind = iota // white space, brackets, quotes and the like: always ends a chunk
	alnum              // a letter or a digit
	joiner             // a character that can stand within a compound, or that says something at its ends
	maybe              // a comma or a question mark: ends a chunk unless it stands within a number or a path
)

var kinds = func() (k [256]kind) {
	for c := range len(k) {
		switch {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z':
			k[c] = alnum
		case c >= 0x80, bytes.IndexByte([]byte("-_./\\:@'&+#=%~$"), byte(c)) >= 0:
			k[c] = joiner
		case c == ',', c == '?':
			k[c] = maybe
		}
	}
	return k
}()

// nextChunk returns where the next chunk of a text begins and ends, from i on: a stretch that can be one compound, without the
// joiners after it. At the end of the text, from is len(text).
func nextChunk(text []byte, i int) (from, to, next int) {
	for i < len(text) && (kinds[text[i]] == space || kinds[text[i]] == maybe) {
		i++
	}
	from = i
	for i < len(text) && kinds[text[i]] == alnum {
		i++
	}
	if i == len(text) || kinds[text[i]] == space {
		return from, i, i
	}
	for i < len(text) {
		k := kinds[text[i]]
		if k == space || k == maybe && !inside(text, from, i) {
			break
		}
		i++
	}
	to = i
	for to > from && trailing(text[to-1]) {
		to--
	}
	return from, to, i
}

// inside reports whether the comma or question mark at i is within a number or a path that begins at from.
func inside(text []byte, from, i int) bool {
	if i == from || i+1 == len(text) {
		return false
	}
	if text[i] == ',' {
		return isDigit(text[i-1]) && isDigit(text[i+1])
	}
	from = max(from, i-maxPath)
	return kinds[text[i+1]] == alnum && bytes.IndexByte(text[from:i], '/') >= 0
}

// maxPath is how far before a question mark the slash of a path is looked for.
const maxPath = 1024

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// trailing reports whether a joiner says nothing at the end of a chunk.
func trailing(c byte) bool {
	return kinds[c] == joiner && c < 0x80 && c != '+' && c != '#' || kinds[c] == maybe
}
