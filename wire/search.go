package wire

import "github.com/sigil-dna/sigil"

// Search is the body of a search. It has Query, Vector, both, or Like; everything else is optional.
type Search struct {
	// Query is what a person types: words (any of them; more rank higher), "a phrase", -without, pre*, /pointer:word,
	// tag:word. It has at most 4,096 bytes.
	Query string `json:"query,omitempty"`
	// Vector is compared with the vectors that were given with memories and have as many dimensions.
	Vector []float32 `json:"vector,omitempty"`
	// Like is the id of a memory: what is like it is found, and it is left out.
	Like   *sigil.ID `json:"like,omitempty"`
	Limit  int       `json:"limit,omitempty"` // maximum number of hits; 0 means 10
	Cursor string    `json:"cursor,omitempty"`
	// Tags must all be among the memory's tags, one of AnyTags must be, and none of NotTags.
	Tags    []string `json:"tags,omitempty"`
	AnyTags []string `json:"anyTags,omitempty"`
	NotTags []string `json:"notTags,omitempty"`
	// The filters below apply if they are set. Times are exclusive, and a memory without a deadline passes neither FadingAfter
	// nor FadingBefore.
	Pinned        *bool      `json:"pinned,omitempty"`
	Crystallized  *bool      `json:"crystallized,omitempty"`
	Pattern       *int       `json:"pattern,omitempty"`
	CreatedAfter  *Timestamp `json:"createdAfter,omitempty"`
	CreatedBefore *Timestamp `json:"createdBefore,omitempty"`
	FadingAfter   *Timestamp `json:"fadingAfter,omitempty"`
	FadingBefore  *Timestamp `json:"fadingBefore,omitempty"`
	// MinScore leaves out hits with a lower score.
	MinScore float64        `json:"minScore,omitempty"`
	Weights  *SearchWeights `json:"weights,omitempty"`
	// MaxBytes, if over 0, is how many bytes of data the hits may have together.
	MaxBytes int64 `json:"maxBytes,omitempty"`
	// Recall refreshes the memories that are returned, as one recall each.
	Recall bool `json:"recall,omitempty"`
	// Highlight asks for Matched of each hit, Explain for Explanation.
	Highlight bool `json:"highlight,omitempty"`
	Explain   bool `json:"explain,omitempty"`
	// Content, if false, leaves out data and state; nil means true.
	Content *bool `json:"content,omitempty"`
}

// SearchWeights are the factors of the parts of a score, each from 0 to 1.
type SearchWeights struct {
	Words     *float64 `json:"words,omitempty"`   // nil means 0.65, or 1 if there is no search by meaning
	Meaning   *float64 `json:"meaning,omitempty"` // nil means 0.35; with 0, only words find
	Freshness float64  `json:"freshness,omitempty"`
	Strength  float64  `json:"strength,omitempty"`
}

// SearchPage is one page of hits, best first.
type SearchPage struct {
	Hits []Hit   `json:"hits"`
	Next *string `json:"next"` // the cursor of the next page; null on the last
	// Complete is false while the index is still being built after a start: memories may be missing.
	Complete bool `json:"complete"`
	// Meaning is "ready" if vectors are searched besides words, "building" while some memories may not have theirs yet, or "off".
	Meaning string `json:"meaning"`
	// Model is the model of the vectors that were searched: that of the built-in ones, or "own" for those that were given with
	// memories. It is empty if only words were searched.
	Model string `json:"model,omitempty"`
}

// Hit is a memory that a search found.
type Hit struct {
	Memory Memory     `json:"memory"`
	Score  float64    `json:"score"` // the sum of Parts, each times its weight; 0 to 4
	Parts  ScoreParts `json:"parts"`
	// Matched is where the words of the query stand, tags first. It is nil unless it was asked for.
	Matched []Matched `json:"matched,omitzero"`
	// Explanation is the arithmetic of the score. It is nil unless it was asked for.
	Explanation *ScoreExplanation `json:"explanation,omitempty"`
}

// ScoreParts are what a score is made of, each from 0 to 1.
type ScoreParts struct {
	Words     float64 `json:"words"`     // how well the words match, as a share of the best
	Meaning   float64 `json:"meaning"`   // the cosine of the vectors of the query and the memory; 0 if it is below
	Freshness float64 `json:"freshness"` // 1 − decay
	Strength  float64 `json:"strength"`  // n / (n + 4) after n recalls
}

// Matched is a value or a tag of a memory in which words of the query stand.
type Matched struct {
	// Pointer is the JSON pointer (RFC 6901) of the value in the data, or of the tag in the list of tags.
	Pointer string `json:"pointer"`
	Tag     bool   `json:"tag,omitempty"`
	// Ranges are where the words stand, in order: from the first Unicode code point of the text to the one after the last.
	Ranges [][2]int `json:"ranges"`
}

// ScoreExplanation is how a score comes about: the sum of the parts of the hit, each times its weight.
type ScoreExplanation struct {
	Weights ScoreParts `json:"weights"` // of the parts
	// Words is what the part for words is made of: the sum over these of factor × value / best.
	Words []ScoreShare `json:"words"`
	// Meaning is about the part for meaning. It is nil if the query or the memory has no vector.
	Meaning *ScoreCosines `json:"meaning,omitempty"`
	// BM25 is what the share "bm25" is made of. It is nil if the memory has no word of the query.
	BM25 *ScoreBM25 `json:"bm25,omitempty"`
}

// ScoreShare is a figure of a memory beside the best of all that were found.
type ScoreShare struct {
	// Name is "bm25", the score by words; "near", that by words which are near to one of the query's; or "pairs", the share of the
	// query's pairs of neighboring words that are neighbors in the memory.
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Best   float64 `json:"best"`
	Factor float64 `json:"factor"`
}

// ScoreCosines are cosines of angles between the memory's vector and others.
type ScoreCosines struct {
	Query float64 `json:"query"` // with that of the query
	// Moved is that with the vector that is compared in the end: the query's, moved toward those of the best hits. The part for meaning
	// is this, or 0 if it is below.
	Moved float64 `json:"moved"`
	Least float64 `json:"least"` // over which a memory is found by its vector alone
}

// ScoreBM25 is how the BM25 score of a memory comes about: the sum over Terms.
type ScoreBM25 struct {
	Memories      int         `json:"memories"`      // how many memories the frequencies count
	AverageLength float64     `json:"averageLength"` // words per memory
	Length        int         `json:"length"`        // words of this memory
	Terms         []ScoreTerm `json:"terms"`         // of the query that the memory has
}

// ScoreTerm is what one term adds to a BM25 score.
type ScoreTerm struct {
	Term     string  `json:"term"`     // folded and stemmed
	Count    int     `json:"count"`    // how often this memory has it
	Memories int     `json:"memories"` // how many memories have it
	IDF      float64 `json:"idf"`
	Weight   float64 `json:"weight"`
	Score    float64 `json:"score"` // weight × idf × (k1 + 1) × count / (count + k1 × (1 − b + b × length / averageLength))
}

// AppendJSON appends p as JSON.
func (p *SearchPage) AppendJSON(b []byte) ([]byte, error) {
	b, err := appendAll(append(b, `{"hits":`...), p.Hits, (*Hit).appendJSON)
	if err != nil {
		return b, err
	}
	b = appendOptional(append(b, `,"next":`...), p.Next)
	if p.Complete {
		b = append(b, `,"complete":true`...)
	} else {
		b = append(b, `,"complete":false`...)
	}
	b = appendString(append(b, `,"meaning":`...), p.Meaning)
	if p.Model != "" {
		b = appendString(append(b, `,"model":`...), p.Model)
	}
	return append(b, '}'), nil
}

func (h *Hit) appendJSON(b []byte) (_ []byte, err error) {
	if b, err = h.Memory.AppendJSON(append(b, `{"memory":`...)); err != nil {
		return b, err
	}
	b = appendFloat(append(b, `,"score":`...), h.Score)
	b = appendFloat(append(b, `,"parts":{"words":`...), h.Parts.Words)
	b = appendFloat(append(b, `,"meaning":`...), h.Parts.Meaning)
	b = appendFloat(append(b, `,"freshness":`...), h.Parts.Freshness)
	b = append(appendFloat(append(b, `,"strength":`...), h.Parts.Strength), '}')
	if h.Matched != nil {
		if b, err = appendAny(append(b, `,"matched":`...), h.Matched); err != nil {
			return b, err
		}
	}
	if h.Explanation != nil {
		if b, err = appendAny(append(b, `,"explanation":`...), h.Explanation); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}
