package words

import (
	"strings"
	"unicode/utf8"
)

// reaches reports whether a query for any beginning of a word finds the word's stem, by cuts or because the stem has
// the same beginning. If not, the word is a term, too.
func reaches(word, stem string) bool {
	if len(stem) < minCut || len(stem) > maxCut {
		return false
	}
	but, end := stem[:len(stem)-1], stem[len(stem)-1]
	return strings.HasPrefix(word, stem) || end == 'e' && strings.HasPrefix(word, but) ||
		end == 'i' && strings.HasPrefix(word, but+"y")
}

const (
	minCut = 2  // bytes of the shortest stem that cuts has
	maxCut = 40 // bytes of the longest
)

// cuts returns the stems that words with a prefix may have, besides those that begin with it: a stem is a beginning of
// its word, perhaps with an e or with an i instead of y. "runni" is the beginning of running, whose stem is run.
func cuts(prefix string) (stems []string) {
	for n := minCut; n <= min(len(prefix), maxCut); n++ {
		if n < len(prefix) && !utf8.RuneStart(prefix[n]) {
			continue
		}
		if but, ok := strings.CutSuffix(prefix[:n], "y"); ok {
			stems = append(stems, but+"i")
		}
		if n < len(prefix) {
			stems = append(stems, prefix[:n])
			if prefix[n] != 'e' {
				stems = append(stems, prefix[:n]+"e")
			}
		}
	}
	if len(prefix) > minCut-1 && prefix[minCut-1] != 'e' {
		stems = append(stems, prefix[:minCut-1]+"e")
	}
	return stems
}
