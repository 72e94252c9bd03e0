package meaning

// The parameters of a Ranker. They were chosen by the results on questions with known answers; none of
// these was held back (docs/decisions/056-meaning.md).
const (
	// rankerK1 bounds what repetition adds, and rankerB is how much long texts are marked down, as in BM25.
	rankerK1 = 1.2
	rankerB  = 0.5
	// leastNear is the least cosine at which a word counts as near to another.
	leastNear = 0.2
)

// Word is a word of a query or of a text.
type Word struct {
	Term string // what it is indexed by, its stem for example: words with the same term are the same
	Text string // as it is written
	IDF  float64
}

// Ranker scores texts by the words of a query, like BM25, except that words near to one of the query's count as well, for
// less. It is made for one query, and used by one goroutine at a time.
type Ranker struct {
	table   *Table
	query   []Word
	vectors []nearVector
	average float64
	pairs   map[[2]string]bool
	// near has, for each word that was met, how near it is to each word of the query.
	near map[string][]float32

	// What follows is used again for each text.
	counts map[string]int
	seen   map[[2]string]bool
	rows   [][]float32
}

// nearVector is the vector of a word of the query; codes is nil if the table lacks it.
type nearVector struct {
	codes Vector
	norm  float64
}

// NewRanker returns a Ranker for the words of a query, in their order and without stop words. average is the mean
// number of words of the texts.
func (t *Table) NewRanker(query []Word, average float64) *Ranker {
	r := &Ranker{
		table: t, query: query, average: average,
		vectors: make([]nearVector, len(query)), pairs: map[[2]string]bool{},
		near: map[string][]float32{}, counts: map[string]int{}, seen: map[[2]string]bool{},
	}
	before := ""
	for i, w := range query {
		if v := t.known(w.Text); v != nil {
			r.vectors[i] = nearVector{v, inverseNorm(v)}
		}
		if i > 0 {
			r.pairs[[2]string{before, w.Term}] = true
		}
		before = w.Term
	}
	return r
}

// known returns the vector of a word as it is written, or nil.
func (t *Table) known(text string) Vector {
	row := t.row(hashOfLower(text))
	if row < 0 {
		return nil
	}
	_, codes := t.at(row)
	v := make(Vector, len(codes))
	zero := true
	for i, c := range codes {
		v[i] = int8(c)
		zero = zero && c == 0
	}
	if zero {
		return nil
	}
	return v
}

// Score returns the score of a text with these words, in their order and without stop words, and the share of the query's
// pairs of neighboring words that are neighbors in the text. Each word of the query adds
//
//	nearness² · idf · count · (k1 + 1) / (count + k1 · (1 - b + b · length / average))
//
// of the word of the text for which this is most. nearness is 1 for the same term, otherwise the cosine of the two
// vectors. idf is the smaller one of the two words, since a common word says little, no matter to what it is near.
func (r *Ranker) Score(text []Word) (score, pairs float64) {
	clear(r.counts)
	clear(r.seen)
	r.rows = r.rows[:0]
	before := ""
	for _, w := range text {
		r.rows = append(r.rows, r.nearness(w))
		r.counts[w.Term]++
		if pair := [2]string{before, w.Term}; r.pairs[pair] {
			r.seen[pair] = true
		}
		before = w.Term
	}
	relative := 1.0
	if r.average > 0 {
		relative = float64(len(text)) / r.average
	}
	damping := rankerK1 * (1 - rankerB + rankerB*relative)
	for i, q := range r.query {
		most := 0.0
		for at, w := range text {
			near := float64(r.rows[at][i])
			if w.Term == q.Term {
				near = 1
			}
			if near < leastNear {
				continue
			}
			count := float64(r.counts[w.Term])
			most = max(most, near*near*min(q.IDF, w.IDF)*count*(rankerK1+1)/(count+damping))
		}
		score += most
	}
	if len(r.pairs) > 0 {
		pairs = float64(len(r.seen)) / float64(len(r.pairs))
	}
	return score, pairs
}

// nearness returns how near a word is to each word of the query, as it is written or as it is indexed.
func (r *Ranker) nearness(w Word) []float32 {
	if near, ok := r.near[w.Text]; ok {
		return near
	}
	near := make([]float32, len(r.query))
	for _, form := range [...]string{w.Text, w.Term} {
		v := r.table.known(form)
		if v == nil {
			continue
		}
		norm := inverseNorm(v)
		for i, q := range r.vectors {
			if q.codes != nil {
				near[i] = max(near[i], float32(float64(dot(q.codes, v))*q.norm*norm))
			}
		}
	}
	r.near[w.Text] = near
	return near
}
