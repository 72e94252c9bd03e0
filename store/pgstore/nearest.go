package pgstore

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/store"
)

// table returns the table with the vectors of a model, or "" if this process does not compare them.
func (s *searching) table(model string) string {
	switch {
	case s.given.Meaning == store.MeaningOff && model != store.OwnModel:
		return ""
	case model == store.OwnModel:
		return "sigil.own_vectors"
	case model != "" && model == s.textModel():
		return "sigil.vectors"
	}
	return ""
}

// textModel returns the model of the vectors of texts, or "" if there is none yet.
func (s *searching) textModel() string {
	if m := s.endpoint.Load(); m != nil {
		return *m
	}
	return s.model
}

// neighbor is a memory by its vector.
type neighbor struct {
	id     sigil.ID
	vector store.Vector
	cosine float64
}

// addNearest sets the vectors of those that the words found, and adds those whose vectors are the nearest, if the text requires nothing.
func (r *search) addNearest(ctx context.Context, found *store.Found) error {
	var ids [][16]byte
	place := map[sigil.ID]int{}
	for i := range found.Hits {
		id := found.Hits[i].Memory.ID
		ids, place[id] = append(ids, id), i
	}
	known, err := r.s.vectorsOf(ctx, r.q.Tenant, r.q.Model, ids)
	if err != nil {
		return err
	}
	for _, v := range known {
		if len(v.vector) == len(r.q.Vector) {
			found.Hits[place[v.id]].Vector = v.vector
		}
	}
	if len(r.text.Must) > 0 {
		return nil
	}
	for wanted := max(r.bounds().rescored, r.bounds().rescoredPerHit*r.q.Limit, r.memories/rescoredOneOf); ; wanted *= 8 {
		all, err := r.nearest(ctx, wanted)
		if err != nil {
			return err
		}
		hits, err := r.accepted(ctx, all)
		if err != nil {
			return err
		}
		if len(hits) < r.q.Limit && len(all) == wanted {
			continue // too many are excluded, or have left
		}
		for _, h := range hits {
			if _, ok := place[h.Memory.ID]; !ok {
				found.Hits = append(found.Hits, h)
			}
		}
		return nil
	}
}

// nearest returns the memories whose vectors are the nearest of so many that are looked at, as far as their cosine is over the
// query's least.
func (r *search) nearest(ctx context.Context, wanted int) ([]neighbor, error) {
	args := []any{searchMode, r.q.Tenant}
	add := func(value any) int {
		args = append(args, value)
		return len(args) - 1
	}
	// The distance of sign bits is the sum of the weights of the dimensions that differ. A weight has some bits, and a
	// plane has one bit of all weights.
	v := r.q.Vector
	differ := fmt.Sprintf("(signs # $%d::bit varying)", add(bitsOf(v, func(x int8) bool { return x > 0 })))
	var distance []string
	for p := range bits.Len(uint(meaning.Weight(127))) {
		plane := bitsOf(v, func(x int8) bool { return meaning.Weight(x)>>p&1 != 0 })
		distance = append(distance, fmt.Sprintf("%d * bit_count(%s & $%d::bit varying)", 1<<p, differ, add(plane)))
	}
	sql := fmt.Sprintf("select id, codes from %s w where tenant = $1 and length(signs) = $%d and %s", r.s.searching.table(r.q.Model), add(len(v)), r.filter(add))
	if len(r.required) > 0 {
		var all []string
		for i := range r.required {
			all = append(all, r.required[i].tsquery())
		}
		sql += fmt.Sprintf(" and exists (select from sigil.words t where t.tenant = w.tenant and t.id = w.id and %s @@ $%d::text::tsquery)", lexemes, add(strings.Join(all, "&")))
	}
	sql += fmt.Sprintf(" order by %s limit %d", strings.Join(distance, " + "), wanted)
	rows, err := r.s.pool.Query(ctx, sql, args...)
	query := meaning.Vector(v)
	all, err := collect(rows, err, func(rows pgx.Rows) (n neighbor, err error) {
		n, err = scanNeighbor(rows)
		n.cosine = float64(meaning.Cosine(query, meaning.Vector(n.vector)))
		return n, err
	})
	all = slices.DeleteFunc(all, func(n neighbor) bool { return !(n.cosine > r.q.Nearest) })
	slices.SortFunc(all, func(a, b neighbor) int {
		return cmp.Or(cmp.Compare(b.cosine, a.cosine), bytes.Compare(b.id[:], a.id[:]))
	})
	return all, err
}

func scanNeighbor(rows pgx.Rows) (n neighbor, err error) {
	v := rows.RawValues()
	if len(v) != 2 || len(v[0]) != len(n.id) {
		return n, damaged("vectors")
	}
	copy(n.id[:], v[0])
	n.vector = vectorOf(v[1])
	return n, nil
}

// accepted returns the first of these memories that are live, pass the filter and have nothing that the text excludes.
func (r *search) accepted(ctx context.Context, all []neighbor) (hits []store.Hit, err error) {
	for len(all) > 0 && len(hits) < r.q.Limit {
		next := all[:min(len(all), max(fetched, r.q.Limit-len(hits)))]
		all = all[len(next):]
		some, err := r.judged(ctx, next)
		if err != nil {
			return nil, err
		}
		hits = append(hits, some[:min(len(some), r.q.Limit-len(hits))]...)
	}
	return hits, nil
}

// judged returns those of some memories that are accepted.
func (r *search) judged(ctx context.Context, some []neighbor) (hits []store.Hit, err error) {
	ids := make([][16]byte, len(some))
	for i := range some {
		ids[i] = some[i].id
	}
	read, err := r.candidates(ctx, source{ids: ids})
	if err != nil {
		return nil, err
	}
	candidates := make(map[sigil.ID]*candidate, len(read))
	passing := make([]*candidate, 0, len(read))
	for i := range read {
		if c := &read[i]; c.pass {
			candidates[c.id], passing = c, append(passing, c)
		}
	}
	live, err := r.fetch(ctx, passing)
	if err != nil {
		return nil, err
	}
	for _, n := range some {
		m, ok := live[n.id]
		if !ok || r.verify && !r.text.Allows(m.Data, m.Tags) {
			continue
		}
		hits = append(hits, r.hit(candidates[n.id], m, n.vector))
	}
	return hits, nil
}

// hit returns the hit of a memory that the vector found.
func (r *search) hit(c *candidate, m sigil.Memory, v store.Vector) store.Hit {
	h := store.Hit{Memory: m, Vector: v}
	if r.q.Explain && len(r.words) > 0 {
		h.Terms = &store.Arithmetic{Memories: r.memories, Average: r.average, Length: c.length}
	}
	r.score(c, r.prefixed, func(t store.TermScore) {
		h.Words += t.Score
		if h.Terms != nil {
			h.Terms.Parts = append(h.Terms.Parts, t)
		}
	})
	return h
}

// vectorsOf returns the vectors that some memories have, in no order.
func (s *Store) vectorsOf(ctx context.Context, tenant, model string, ids [][16]byte) ([]neighbor, error) {
	table := s.searching.table(model)
	if table == "" || len(ids) == 0 {
		return nil, nil
	}
	rows, err := s.pool.Query(ctx, "select id, codes from "+table+" where tenant = $1 and id = any ($2::uuid[])", tenant, ids)
	return collect(rows, err, scanNeighbor)
}

// Vectors returns vectors of some memories; see [store.Searcher].
func (s *Store) Vectors(ctx context.Context, tenant, model string, ids []sigil.ID) ([]store.Vector, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	keys, place := make([][16]byte, len(ids)), make(map[sigil.ID][]int, len(ids))
	for i, id := range ids {
		keys[i], place[id] = id, append(place[id], i)
	}
	found, err := s.vectorsOf(bounded, tenant, model, keys)
	all := make([]store.Vector, len(ids))
	for _, n := range found {
		for _, i := range place[n.id] {
			if len(n.vector) > 0 {
				all[i] = n.vector
			}
		}
	}
	return all, reading(ctx, err)
}
