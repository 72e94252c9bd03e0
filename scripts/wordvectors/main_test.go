package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil/internal/meaning"
)

const document = `{"precision":3,"dimensions":2,"words":["the",",","tea","u.s.","42","v2","rare"],
	"vectors":{"rare":[9,9,1],"tea":[1,2,3,4],"the":[-1,0.5,0],",":[7,7],"v2":[3,1],"u.s.":[1,1],"42":[1,1]},"unk":[0,0]}`

func TestReadChoosesTheMostFrequentWords(t *testing.T) {
	words, vectors, err := read(strings.NewReader(document), 3)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"the", "tea", "v2"}; !slices.Equal(words, want) {
		t.Errorf("words %q, want %q", words, want)
	}
	if got := fmt.Sprint(vectors); got != "[[-1 0.5] [1 2] [3 1]]" {
		t.Errorf("vectors %s", got)
	}
}

func TestReadRefusesWhatLacksAVector(t *testing.T) {
	for _, document := range []string{
		``, `[]`, `{`, `{"dimensions":2,"words":["a"]}`,
		`{"dimensions":2,"words":["a","b"],"vectors":{"a":[1,2]}}`,
		`{"dimensions":2,"words":["a"],"vectors":{"a":[1]}}`,
		`{"words":["a"],"vectors":{"a":[1]}}`,
		`{"dimensions":2,"words":["a"],"vectors":{"a":[1,2]`,
	} {
		if words, _, err := read(strings.NewReader(document), 10); err == nil {
			t.Errorf("%s: no error, words %q", document, words)
		}
	}
}

func TestEigen(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	const n = 12
	m := make([][]float64, n)
	for i := range m {
		m[i] = make([]float64, n)
	}
	for i := range m {
		for j := range i + 1 {
			m[i][j] = random.NormFloat64()
			m[j][i] = m[i][j]
		}
	}
	var kept [][]float64
	for _, row := range m {
		kept = append(kept, slices.Clone(row))
	}
	values, vectors := eigen(m)
	if !slices.IsSortedFunc(values, func(a, b float64) int { return int(math.Copysign(1, b-a)) }) {
		t.Errorf("the values are not in order: %v", values)
	}
	for k, v := range vectors {
		length := 0.0
		for i, row := range kept {
			sum := 0.0
			for j, x := range row {
				sum += x * v[j]
			}
			if math.Abs(sum-values[k]*v[i]) > 1e-9 {
				t.Errorf("vector %d is not one of the matrix", k)
			}
			length += v[i] * v[i]
		}
		if math.Abs(length-1) > 1e-9 {
			t.Errorf("vector %d has the length %v", k, math.Sqrt(length))
		}
	}
}

// TestWhatTextsHaveInCommonIsRemoved has words with the same large part, and one direction in which frequent words
// differ most: neither is in the table.
func TestWhatTextsHaveInCommonIsRemoved(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	const n, dims = 500, 8
	words, vectors := make([]string, n), make([][]float64, n)
	for i := range words {
		words[i] = fmt.Sprint("w", i)
		v := make([]float64, dims)
		for k := range v {
			v[k] = random.NormFloat64()
		}
		v[0] += 50
		v[1] *= 20
		vectors[i] = v
	}
	table := tableWords(words, vectors)
	if again := tableWords(words, vectors); fmt.Sprint(table) != fmt.Sprint(again) {
		t.Error("the same words made another table")
	}
	var common, others float64
	largest := int32(0)
	for i, w := range table {
		for k, x := range w.Vector {
			part := math.Abs(float64(x) * float64(w.Factor))
			if k < 2 {
				common += part / 2
			} else {
				others += part / (dims - 2)
			}
		}
		largest = max(largest, w.Factor)
		if i > 0 && w.Factor <= 0 {
			t.Errorf("word %d has the factor %d", i, w.Factor)
		}
	}
	// The second direction is gone; the first has only what the words differ by.
	if common > others {
		t.Errorf("the two common directions have %.0f, the others %.0f", common, others)
	}
	if largest != 1<<factorBits-1 {
		t.Errorf("the largest factor is %d", largest)
	}
	if _, err := meaning.AppendTable(nil, table); err != nil {
		t.Error(err)
	}
}
