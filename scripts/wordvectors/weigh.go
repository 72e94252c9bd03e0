package main

import (
	"math"

	"github.com/sigil-dna/sigil/internal/meaning"
)

const (
	// rarity is a of the weight a/(a+p) of a word with the probability p (Arora et al. 2017, who recommend 0.001).
	rarity = 1e-3
	// flattening is how far the variances of the directions are made equal: 0 is not at all, 1 is wholly.
	flattening = 0.5
	// factorBits is how many bits the largest factor has.
	factorBits = 24
)

// tableWords returns what the table has of words, which are the most frequent first. Of every vector it removes what
// texts have in common: the mean of a word of a text, and the direction in which these words differ most. The others are
// flattened, so that a few of them do not outweigh the rest. All of it is linear, so a sum of such vectors is what
// one would get by doing it to the sum.
//
// Products are converted to float64 before they are added: otherwise a compiler may round twice as precisely on some
// machines, which would make another table there.
func tableWords(words []string, vectors [][]float64) []meaning.TableWord {
	p := probabilities(len(words))
	weights := make([]float64, len(words))
	shares := make([]float64, len(words)) // of what texts are made of: how often times how much it weighs
	total := 0.0
	for i := range words {
		weights[i] = rarity / (rarity + p[i])
		shares[i] = float64(p[i] * weights[i])
		total += shares[i]
	}
	for i := range shares {
		shares[i] /= total
	}
	center := mean(vectors, shares)
	values, directions := eigen(covariance(vectors, shares, center))
	middle := values[len(values)/2]
	scales := make([]float64, len(values))
	for k := 1; k < len(values); k++ { // without the first
		scales[k] = math.Pow(values[k]/middle, -flattening/2)
	}
	table := make([]meaning.TableWord, len(words))
	factors := make([]float64, len(words))
	largest := 0.0
	for i, v := range vectors {
		w := project(v, center, directions, scales)
		peak := 0.0
		for _, x := range w {
			peak = max(peak, math.Abs(x))
		}
		compact := make(meaning.Vector, len(w))
		if peak > 0 {
			for k, x := range w {
				compact[k] = int8(math.Round(x / peak * 127))
			}
		}
		table[i] = meaning.TableWord{Text: words[i], Vector: compact}
		factors[i] = float64(weights[i] * peak)
		largest = max(largest, factors[i])
	}
	for i, f := range factors {
		table[i].Factor = int32(math.Round(f / largest * (1<<factorBits - 1)))
	}
	return table
}

// probabilities returns how probable each of n words is by Zipf's law, as the package has no counts.
func probabilities(n int) []float64 {
	p := make([]float64, n)
	sum := 0.0
	for i := range p {
		p[i] = 1 / float64(i+1)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

func mean(vectors [][]float64, shares []float64) []float64 {
	m := make([]float64, len(vectors[0]))
	for i, v := range vectors {
		for k, x := range v {
			m[k] += float64(shares[i] * x)
		}
	}
	return m
}

func covariance(vectors [][]float64, shares, center []float64) [][]float64 {
	dims := len(center)
	c := make([][]float64, dims)
	for k := range c {
		c[k] = make([]float64, dims)
	}
	away := make([]float64, dims)
	for i, v := range vectors {
		for k, x := range v {
			away[k] = x - center[k]
		}
		for a, row := range c {
			share := float64(shares[i] * away[a])
			for b := a; b < dims; b++ {
				row[b] += float64(share * away[b])
			}
		}
	}
	for a := range c {
		for b := range a {
			c[a][b] = c[b][a]
		}
	}
	return c
}

// project returns v without center, with its part in each direction scaled. The axes stay as they are.
func project(v, center []float64, directions [][]float64, scales []float64) []float64 {
	w := make([]float64, len(v))
	for k, direction := range directions {
		part := 0.0
		for i, d := range direction {
			part += float64(d * (v[i] - center[i]))
		}
		part *= scales[k]
		for i, d := range direction {
			w[i] += float64(part * d)
		}
	}
	return w
}
