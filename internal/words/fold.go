package words

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// fold returns a word in the form in which words are compared: NFKC, full case folding, without characters that are
// never seen, with the plain apostrophe and the plain hyphen. It keeps accents. Folding a folded word changes nothing.
func fold(s string) string {
	if folded, ok := foldASCII(s); ok {
		return folded
	}
	// Folding the case can undo the normal form, and the other way around. Two rounds settle all but a few marks.
	for range maxFolds {
		folded := norm.NFKC.String(strings.Map(visible, cases.Fold().String(norm.NFKC.String(s))))
		if folded == s {
			break
		}
		s = folded
	}
	return s
}

// maxFolds bounds the rounds of fold. No character needs more than three.
const maxFolds = 6

func foldASCII(s string) (string, bool) {
	upper := false
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return "", false
		}
		upper = upper || c >= 'A' && c <= 'Z'
	}
	if !upper {
		return s, true
	}
	return strings.ToLower(s), true
}

// visible maps a character that is never seen to -1, and spellings of apostrophe and hyphen to the plain ones.
func visible(r rune) rune {
	switch {
	case r < utf8.RuneSelf:
		return r
	case r == '\u2019' || r == '\u2018' || r == '\u02bc':
		return '\''
	case r == '\u2010' || r == '\u2011':
		return '-'
	case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r):
		return -1
	}
	return r
}

// bare are letters that Unicode does not decompose into a letter and an accent, although readers see one.
var bare = map[rune]string{'ø': "o", 'ł': "l", 'đ': "d", 'ħ': "h", 'ı': "i", 'ŧ': "t", 'æ': "ae", 'œ': "oe"}

// unaccent returns a folded word without accents: the marks of Latin and Greek letters, the dots of the Russian ё, and
// the points of Arabic and Hebrew. Other marks make other letters (й, が) and stay.
func unaccent(s string) string {
	if isASCII(s) {
		return s
	}
	var b strings.Builder
	base := rune(0)
	for _, r := range norm.NFD.String(s) {
		if plain, ok := bare[r]; ok {
			b.WriteString(plain)
			base = 'a'
			continue
		}
		if unicode.Is(unicode.Mn, r) {
			switch {
			case unicode.In(base, unicode.Latin, unicode.Greek, unicode.Arabic, unicode.Hebrew), base == 'е' && r == '\u0308':
				continue
			}
		} else {
			base = r
		}
		b.WriteRune(r)
	}
	return norm.NFC.String(b.String())
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// cut returns the longest beginning of s that is at most n bytes long and ends with a whole character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
