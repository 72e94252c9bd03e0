package meaning

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxTextBytes is how much of a text has a part in its vector. The mean of so many words changes little with more.
const maxTextBytes = 64 << 10

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

// addText adds the words of a text. A word is a run of letters, digits and combining marks, and of apostrophes between
// them.
func (t *Table) addText(sums []int64, text string) {
	start := -1
	for i := 0; i <= len(text); {
		r, size := rune(-1), 1
		if i < len(text) {
			if r = rune(text[i]); r >= utf8.RuneSelf {
				r, size = utf8.DecodeRuneInString(text[i:])
			}
		}
		switch inside := inWord(r); {
		case inside && start < 0 && !apostrophe(r):
			start = i
		case !inside && start >= 0:
			t.addWord(sums, text[start:i])
			start = -1
		}
		i += size
	}
}

// addWord adds a word as a whole. If the table does not have it, and it is like camelCase or has digits, it adds
// its parts.
func (t *Table) addWord(sums []int64, word string) {
	if stem, suffix, ok := cutApostrophe(word); ok {
		if strings.EqualFold(suffix, "t") {
			return // don't: a word of every text
		}
		word = stem
	}
	if t.add(sums, word) {
		return
	}
	start := 0
	var before rune
	for i, r := range word {
		if i > start && (unicode.IsUpper(r) && unicode.IsLower(before) || unicode.IsDigit(r) != unicode.IsDigit(before)) {
			t.add(sums, word[start:i])
			start = i
		}
		before = r
	}
	if start > 0 {
		t.add(sums, word[start:])
	}
}

// add adds the vector of a word, in any case and with or without accents, and reports whether the table has it.
func (t *Table) add(sums []int64, word string) bool {
	row := t.row(hashOfLower(word))
	if row < 0 {
		return false
	}
	factor, codes := t.at(row)
	sums = sums[:len(codes)]
	for i, c := range codes {
		sums[i] += int64(int8(c)) * factor
	}
	return true
}

// compactSums returns the compact form of sums, or nil if they are all zero.
func compactSums(sums []int64) Vector {
	largest := int64(0)
	for _, s := range sums {
		largest = max(largest, s, -s)
	}
	if largest == 0 {
		return nil
	}
	v := make(Vector, len(sums))
	for i, s := range sums {
		// The nearest whole number, halves away from zero.
		n := 2 * 127 * s
		if n < 0 {
			n -= largest
		} else {
			n += largest
		}
		v[i] = int8(n / (2 * largest))
	}
	return v
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
