package words

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// part is a stretch of a word between signs such as the underscore, with its leaves, the smallest parts.
type part struct {
	from, to int
	leaves   [][2]int
}

// parts cuts a word at everything but letters, digits, marks and what English writes after an apostrophe, and each
// part where the case says so.
func parts(w string) (all []part) {
	from := -1
	for i, r := range w + "\x00" {
		inside := r != 0 && (unicode.In(r, unicode.L, unicode.N, unicode.M, unicode.Cf) || from >= 0 && clitic(w[i:]))
		switch {
		case inside && from < 0:
			from = i
		case !inside && from >= 0:
			all = append(all, part{from, i, leaves(w, from, i)})
			from = -1
		}
	}
	return all
}

// leaves cuts a part at the humps of its camel case, and before the digits at the end of a hump: HTTPServer2 has http,
// server and 2. A part that mixes letters and digits in another way is not cut: it is more likely an id than words.
func leaves(w string, from, to int) [][2]int {
	whole := [][2]int{{from, to}}
	if to-from > MaxTermBytes {
		return whole
	}
	var all [][2]int
	start := from
	var before, beforeThat rune // the characters before i
	for offset, r := range w[from:to] {
		i := from + offset
		switch {
		case unicode.IsDigit(r):
			if !unicode.IsDigit(before) {
				if !unicode.IsLetter(before) {
					return whole
				}
				if utf8.RuneCountInString(w[start:i]) > 1 {
					all, start = append(all, [2]int{start, i}), i
				}
			}
		case unicode.IsDigit(before):
			if next, _ := utf8.DecodeRuneInString(w[i+utf8.RuneLen(r) : to]); !unicode.IsUpper(r) || !unicode.IsLower(next) {
				return whole
			}
			all, start = append(all, [2]int{start, i}), i
		case unicode.IsUpper(r) && unicode.IsLower(before):
			all, start = append(all, [2]int{start, i}), i
		case r == 's' && i+1 == to: // URLs
		case unicode.IsLower(r) && unicode.IsUpper(before) && unicode.IsUpper(beforeThat):
			last := i - utf8.RuneLen(before)
			all, start = append(all, [2]int{start, last}), last
		}
		beforeThat, before = before, r
	}
	return append(all, [2]int{start, to})
}

// clitic reports whether a text begins with an apostrophe and one of what English writes after it.
func clitic(text string) bool {
	after, ok := strings.CutPrefix(text, "'")
	if !ok {
		if after, ok = strings.CutPrefix(text, "’"); !ok {
			return false
		}
	}
	end := strings.IndexFunc(after, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.N, unicode.M, unicode.Cf) })
	if end < 0 {
		end = len(after)
	}
	if end > len("ve") {
		return false
	}
	switch strings.ToLower(after[:end]) {
	case "s", "t", "re", "ve", "ll", "d", "m":
		return true
	}
	return false
}

// thousands reports whether a word is a number with commas between its thousands.
func thousands(w string) bool {
	if strings.IndexByte(w, ',') < 1 {
		return false
	}
	whole, fraction, _ := strings.Cut(w, ".")
	for i, group := range strings.Split(whole, ",") {
		if !digits(group) || len(group) > 3 || i > 0 && len(group) != 3 {
			return false
		}
	}
	return fraction == "" || digits(fraction)
}

func digits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// leadingDigits returns the digits before letters, as in 18th or 5pm, or "".
func leadingDigits(w string) string {
	n := 0
	for n < len(w) && isDigit(w[n]) {
		n++
	}
	if n == 0 || n == len(w) {
		return ""
	}
	for _, r := range w[n:] {
		if !unicode.IsLetter(r) {
			return ""
		}
	}
	return w[:n]
}

// letters reports whether a folded word has only letters and marks, so that it can be stemmed.
func letters(w string) bool {
	for _, r := range w {
		if !unicode.IsLetter(r) && !unicode.Is(unicode.M, r) && r != '\'' {
			return false
		}
	}
	return true
}
