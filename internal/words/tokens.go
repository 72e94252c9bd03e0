package words

import (
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/words"
)

// token is a stretch of a chunk.
type token struct {
	kind     tokenKind
	from, to int
}

type tokenKind uint8

const (
	gap    tokenKind = iota // what is between words
	word                    // a word by the rules of Unicode, perhaps with parts
	run                     // characters of a script that is cut into pairs
	symbol                  // an emoji or another symbol
)

// tokens cuts a chunk at the word boundaries of Unicode (UAX 29), and between scripts that are cut into pairs and
// others. Neighboring gaps are one, and so are neighboring runs.
func tokens(chunk string, all []token) []token {
	all = all[:0]
	add := func(kind tokenKind, from, to int) {
		if n := len(all); n > 0 && all[n-1].kind == kind && all[n-1].to == from && (kind == gap || kind == run) {
			all[n-1].to = to
			return
		}
		all = append(all, token{kind, from, to})
	}
	for segments := words.FromString(chunk); segments.Next(); {
		from, to := segments.Start(), segments.End()
		first, _ := utf8.DecodeRuneInString(chunk[from:])
		if first >= utf8.RuneSelf && unicode.Is(unicode.So, first) {
			add(symbol, from, to)
			continue
		}
		// A segment may have words and runs: Unicode joins Korean and Latin letters.
		for at := from; at < to; {
			kind, end := stretch(chunk, at, to)
			if mark := timeMark(chunk, at, end); mark > 0 {
				add(word, at, mark)
				add(gap, mark, mark+1)
				at = mark + 1
			}
			add(kind, at, end)
			at = end
		}
	}
	return all
}

// timeMark returns where the T of a date with a time stands in a word (the 29T10 of 2026-11-29T10:30), or 0.
func timeMark(chunk string, from, to int) int {
	if from < len("2026-11-") || chunk[from-1] != '-' || to-from < len("29T10") {
		return 0
	}
	if mark := from + 2; chunk[mark]|0x20 == 't' && digits(chunk[from:mark]) && digits(chunk[mark+1:mark+3]) {
		return mark
	}
	return 0
}

// stretch returns the kind of what begins at from, and where it ends, at to or before. A word ends with a letter, a
// digit or a mark.
func stretch(chunk string, from, to int) (kind tokenKind, end int) {
	kind = gap
	for i := from; i < to; {
		r, size := utf8.DecodeRuneInString(chunk[i:to])
		k := kindOf(r)
		switch {
		case k == extends && i > from:
			if end == i {
				end += size
			}
		case k == gap || k == extends:
			switch kind {
			case gap:
				end = i + size
			case run:
				return kind, end
			}
		case kind == gap && i == from:
			kind, end = k, i+size
		case k != kind:
			return kind, end
		default:
			end = i + size
		}
		i += size
	}
	return kind, end
}

// extends is what kindOf returns for marks and unseen characters, which belong to the character before them.
const extends = tokenKind(255)

func kindOf(r rune) tokenKind {
	switch {
	case r < utf8.RuneSelf:
		if kinds[r] == alnum {
			return word
		}
		return gap
	case plainPair(r):
		return run
	case r == 'ﾞ' || r == 'ﾟ' || unicode.In(r, unicode.M, unicode.Cf):
		return extends
	case r == 'ー' || r == 'ｰ' || unicode.In(r, pairScripts...):
		return run
	case unicode.IsLetter(r) || unicode.IsNumber(r):
		return word
	}
	return gap
}

// plainPair reports whether a character is one of the commonest that are cut into pairs. Folding does not change them.
func plainPair(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r >= 0x3041 && r <= 0x3096 || r >= 0x30a1 && r <= 0x30fa || r >= 0xac00 && r <= 0xd7a3
}

var pairScripts = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}
