package meaning

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxTextBytes is how much of a text has a part in its vector. The mean of so many words changes little with more.
const MaxTextBytes = 64 << 10

// Embed returns the vector of a text: the sum of its words' vectors, each weighted by how rare the word is. Repetitions
// count. It is nil if the table has none of the words. The same text has the same vector on every machine, since
// nothing but whole numbers is added.
//
// This is the "smooth inverse frequency" of Arora, Liang and Ma (A Simple but Tough-to-Beat Baseline for Sentence
// Embeddings, ICLR 2017). The weights, and the removal of what all texts have in common, are in the table.
func (t *Table) Embed(texts ...string) Vector {
	s := t.NewSum()
	for _, text := range texts {
		s.Add([]byte(text))
	}
	return s.Take()
}

// AppendRows appends the rows of the words of a text, in their order. A word is a run of letters, digits and combining marks, and of
// apostrophes between them. So the rows of a text that is cut at anything else are those of its parts.
func (t *Table) AppendRows(rows []uint32, text string) []uint32 {
	start, end := -1, 0 // of the word; what follows its end are apostrophes
	for i := 0; i <= len(text); {
		r, size := rune(-1), 1
		if i < len(text) {
			if r = rune(text[i]); r >= utf8.RuneSelf {
				r, size = utf8.DecodeRuneInString(text[i:])
			}
		}
		switch inside := inWord(r); {
		case inside && !apostrophe(r):
			if start < 0 {
				start = i
			}
			end = i + size
		case !inside && start >= 0:
			rows = t.appendWord(rows, text[start:end])
			start = -1
		}
		i += size
	}
	return rows
}

// appendWord appends the row of a word. If the table does not have it, and it is like camelCase or has digits, it appends
// those of its parts.
func (t *Table) appendWord(rows []uint32, word string) []uint32 {
	if stem, suffix, ok := cutApostrophe(word); ok {
		if strings.EqualFold(suffix, "t") {
			return rows // don't: a word of every text
		}
		word = stem
	}
	if row := t.row(hashOfLower(word)); row >= 0 {
		return append(rows, uint32(row))
	}
	start := 0
	var before rune
	part := func(text string) {
		if row := t.row(hashOfLower(text)); row >= 0 {
			rows = append(rows, uint32(row))
		}
	}
	for i, r := range word {
		if i > start && (unicode.IsUpper(r) && unicode.IsLower(before) || unicode.IsDigit(r) != unicode.IsDigit(before)) {
			part(word[start:i])
			start = i
		}
		before = r
	}
	if start > 0 {
		part(word[start:])
	}
	return rows
}

// appendCompact appends the compact form of sums, or nothing if they are all zero.
func appendCompact(to Vector, sums []int64) Vector {
	largest := int64(0)
	for _, s := range sums {
		largest = max(largest, s, -s)
	}
	if largest == 0 {
		return to
	}
	for _, s := range sums {
		// The nearest whole number, halves away from zero.
		n := 2 * 127 * s
		if n < 0 {
			n -= largest
		} else {
			n += largest
		}
		to = append(to, int8(n/(2*largest)))
	}
	return to
}

// hashOfLower returns the hash of word in lower case and without accents. It makes no copy of plain ASCII.
func hashOfLower(word string) uint64 {
	h := uint64(hashStart)
	for i := 0; i < len(word); i++ {
		c := word[i]
		if c >= utf8.RuneSelf {
			return hashOf(plain(word))
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		h = (h ^ uint64(c)) * hashPrime
	}
	return mixed(h)
}

// inWord reports whether r may be part of a word. Runes below zero are the end of a text.
func inWord(r rune) bool {
	switch {
	case r < 0:
		return false
	case r < utf8.RuneSelf:
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '\''
	default:
		return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || apostrophe(r)
	}
}

func apostrophe(r rune) bool { return r == '\'' || r == '’' }

// cutApostrophe cuts a word at its first apostrophe.
func cutApostrophe(word string) (stem, suffix string, ok bool) {
	for i, r := range word {
		if apostrophe(r) {
			return word[:i], strings.TrimPrefix(strings.TrimPrefix(word[i:], "'"), "’"), true
		}
	}
	return word, "", false
}

// plain returns a word in lower case without accents, the form of the words in the table.
func plain(word string) string {
	without := func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}
	return strings.Map(without, norm.NFKD.String(word))
}
