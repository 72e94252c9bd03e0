package main

import (
	"cmp"
	"math"
	"slices"
)

// eigen returns the eigenvalues of a symmetric matrix, the largest first, and their vectors of length 1, by Jacobi's
// method. It changes the matrix.
func eigen(m [][]float64) (values []float64, vectors [][]float64) {
	n := len(m)
	vectors = make([][]float64, n)
	for i := range vectors {
		vectors[i] = make([]float64, n)
		vectors[i][i] = 1
	}
	for range 100 {
		rest, all := 0.0, 0.0
		for i := range n {
			all += float64(m[i][i] * m[i][i])
			for j := i + 1; j < n; j++ {
				rest += float64(m[i][j] * m[i][j])
			}
		}
		if rest <= 1e-28*all {
			break
		}
		for i := range n {
			for j := i + 1; j < n; j++ {
				rotate(m, vectors, i, j)
			}
		}
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(m[b][b], m[a][a]) })
	sorted := make([][]float64, n)
	for i, from := range order {
		values = append(values, m[from][from])
		sorted[i] = vectors[from]
	}
	return values, sorted
}

// rotate turns axes i and j so that m[i][j] becomes 0.
func rotate(m, vectors [][]float64, i, j int) {
	if m[i][j] == 0 {
		return
	}
	theta := (m[j][j] - m[i][i]) / (2 * m[i][j])
	t := 1 / (math.Abs(theta) + math.Sqrt(float64(theta*theta)+1))
	if theta < 0 {
		t = -t
	}
	c := 1 / math.Sqrt(float64(t*t)+1)
	s := t * c
	turn := func(x, y *float64) {
		a, b := *x, *y
		*x = float64(c*a) - float64(s*b)
		*y = float64(s*a) + float64(c*b)
	}
	for k := range m {
		turn(&m[k][i], &m[k][j])
	}
	for k := range m {
		turn(&m[i][k], &m[j][k])
		turn(&vectors[i][k], &vectors[j][k])
	}
}
