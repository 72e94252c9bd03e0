package meaning

import (
	"math"
	"strings"
	"testing"
)

// wordsOf makes words of a text, each its own term, all with the same idf.
func wordsOf(text string) []Word {
	var words []Word
	for _, w := range strings.Fields(text) {
		words = append(words, Word{Term: w, Text: w, IDF: 2})
	}
	return words
}

// score returns the score of a text for a query, with an average length of 4.
func score(query, text string) (score, pairs float64) {
	return BuiltIn().NewRanker(wordsOf(query), 4).Score(wordsOf(text))
}

func TestRankerCountsTheSameWordLikeBM25(t *testing.T) {
	got, _ := score("qqxz", "other qqxz qqxz stuff here more")
	damping := rankerK1 * (1 - rankerB + rankerB*6/4)
	if want := 2 * 2 * (rankerK1 + 1) / (2 + damping); math.Abs(got-want) > 1e-12 {
		t.Errorf("score %v, want %v", got, want)
	}
}

func TestRankerCountsNearWordsForLess(t *testing.T) {
	same, _ := score("doctor", "my doctor called yesterday")
	near, _ := score("doctor", "my physician called yesterday")
	far, _ := score("doctor", "my gravel called yesterday")
	none, _ := score("doctor", "qqxz qqxy qqxw qqxv")
	if !(same > near && near > 1.5*far && none == 0) {
		t.Errorf("scores: the same word %v, a near one %v, another %v, unknown ones %v", same, near, far, none)
	}
}

func TestRankerTakesTheSmallerIDF(t *testing.T) {
	table := BuiltIn()
	query := []Word{{Term: "doctor", Text: "doctor", IDF: 5}}
	rare := []Word{{Term: "physician", Text: "physician", IDF: 7}}
	common := []Word{{Term: "physician", Text: "physician", IDF: 1}}
	r := table.NewRanker(query, 1)
	a, _ := r.Score(rare)
	b, _ := r.Score(common)
	if math.Abs(a-5*b) > 1e-9 {
		t.Errorf("the score is %v with a rare word and %v with a common one, want 5 times as much", a, b)
	}
}

func TestRankerCountsPairsOfNeighbors(t *testing.T) {
	for text, want := range map[string]float64{
		"boundary layer flow":              1,
		"flow boundary layer":              0.5,
		"layer boundary flow":              0,
		"boundary layer layer flow":        1,
		"boundary":                         0,
		"boundary layer or boundary layer": 0.5,
	} {
		if _, got := score("boundary layer flow", text); got != want {
			t.Errorf("%q has %v of the pairs, want %v", text, got, want)
		}
	}
	if _, got := score("one", "one one"); got != 0 {
		t.Errorf("a query of one word has no pairs, but a text has %v of them", got)
	}
}

// TestRankerIsUsedAgain scores texts in turn, and each must have the score that it has alone.
func TestRankerIsUsedAgain(t *testing.T) {
	const query = "old lighthouse near harbor"
	texts := []string{"a beacon by the port", "old old lighthouse", "", "near harbor lighthouse old", "a beacon by the port"}
	r := BuiltIn().NewRanker(wordsOf(query), 4)
	for _, text := range texts {
		wantScore, wantPairs := score(query, text)
		if gotScore, gotPairs := r.Score(wordsOf(text)); gotScore != wantScore || gotPairs != wantPairs {
			t.Errorf("%q: %v %v, want %v %v", text, gotScore, gotPairs, wantScore, wantPairs)
		}
	}
}

func TestRankerOfNothing(t *testing.T) {
	r := BuiltIn().NewRanker(nil, 0)
	if score, pairs := r.Score(wordsOf("tea")); score != 0 || pairs != 0 {
		t.Errorf("an empty query has the scores %v %v", score, pairs)
	}
	r = BuiltIn().NewRanker(wordsOf("tea"), 0)
	if score, _ := r.Score(wordsOf("tea")); math.IsNaN(score) || score <= 0 {
		t.Errorf("with an average of 0, the score is %v", score)
	}
}

// BenchmarkRanker scores 100 texts of 30 words each for a query of 8 words.
func BenchmarkRanker(b *testing.B) {
	table := BuiltIn()
	query := wordsOf("which physician treated grandmother after winter holiday accident")
	all := wordsOf("sister visited old lighthouse near harbor told about new job nurse children hospital wants learn pottery winter fish soup " +
		"small restaurant promised send photographs grandmother found attic last week doctor accident train garden book music window")
	for b.Loop() {
		r := table.NewRanker(query, 30)
		for i := range 100 {
			r.Score(all[i%8 : i%8+30])
		}
	}
}
