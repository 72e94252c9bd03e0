package pgstore

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// searchedRow is what is searched of a memory, if it is there, in the row of the memory.
type searchedRow struct {
	wordsComplete, vectorsComplete *bool // no memory of the tenant lacks any
	length                         *int32
	terms                          *string
	counts, codes, ownCodes        []byte
	signs, ownSigns                pgtype.Bits
}

var searchedMemories = "select m." + strings.ReplaceAll(memoryColumns, ", ", ", m.") + `, t.words = t.memories, t.vectors = t.memories,
  w.length, w.terms, w.counts, v.codes, v.signs, o.codes, o.signs
from (select * from sigil.memories where (tenant, id) > ($1, $2) order by tenant, id limit $3) m
left join sigil.tenants t on t.tenant = m.tenant
left join sigil.words w on w.tenant = m.tenant and w.id = m.id
left join sigil.vectors v on v.tenant = m.tenant and v.id = m.id
left join sigil.own_vectors o on o.tenant = m.tenant and o.id = m.id
order by m.tenant, m.id`

// memories checks contents, and compares words and vectors with them. A page is as it is when it is read.
func (c *checker) memories(ctx context.Context) error {
	last := sigil.Key{}
	return c.walk(func() (n int, err error) {
		var wordsOf, vectorsOf []sigil.Key
		err = c.now(ctx, func(ctx context.Context, conn *pgx.Conn) error {
			model, err := c.readSettings(ctx, conn)
			if err != nil {
				return err
			}
			var s searchedRow
			n, last, err = c.contents(ctx, conn, func(rows pgx.Rows) (row, error) {
				s = searchedRow{}
				return scanMemoryAnd(rows, &s.wordsComplete, &s.vectorsComplete, &s.length, &s.terms, &s.counts, &s.codes, &s.signs, &s.ownCodes, &s.ownSigns)
			}, func(m *row) {
				if !c.words(m, &s) {
					wordsOf = append(wordsOf, m.Key)
				}
				if !c.vectors(m, &s, model) {
					vectorsOf = append(vectorsOf, m.Key)
				}
			}, searchedMemories, last)
			return err
		})
		if err == nil && c.mend {
			err = c.drop(ctx, wordsOf, vectorsOf)
		}
		return n, err
	})
}

// readSettings reads by which settings and model the database has words and vectors.
func (c *checker) readSettings(ctx context.Context, conn *pgx.Conn) (model string, err error) {
	var settings string
	if err := each(ctx, conn, func(rows pgx.Rows) (none struct{}, err error) {
		return none, rows.Scan(&settings, &model)
	}, func(struct{}) {}, "select settings, model from sigil.searched"); err != nil {
		return "", err
	}
	if c.inUse != nil && c.inUse.settings == settings && c.inUse.model == model {
		return model, nil
	}
	c.inUse = nil
	var given store.SearchSettings
	if json.Unmarshal([]byte(settings), &given) != nil { // "language" and "exclude"
		return model, nil
	}
	if given.Meaning = store.MeaningOff; model == (&store.SearchSettings{}).Model() {
		given.Meaning = store.MeaningBuiltIn
	}
	made, err := newSearching(&given)
	if err == nil && made.analyzer != nil && made.settings == settings { // otherwise another program makes them
		c.inUse = made
	}
	return model, nil
}

// words checks the words of a memory. It returns false if they are wrong and there.
func (c *checker) words(m *row, s *searchedRow) bool {
	switch {
	case s.terms == nil:
		if s.wordsComplete != nil && *s.wordsComplete {
			c.found.Add(store.CheckWords, "%s has no words, and would not be found", m.Key)
			c.lack(store.CheckWords)
		}
		return true
	case c.inUse != nil && c.values:
		if d := c.inUse.document(&m.Memory); int32(d.length) == *s.length && string(d.terms) == *s.terms && bytes.Equal(d.counts, s.counts) {
			return true
		}
	default:
		n := 0
		if *s.terms != "" {
			n = 1 + strings.Count(*s.terms, separator)
		}
		if n == len(s.counts) {
			return true
		}
	}
	c.found.Add(store.CheckWords, "the words of %s are not those of its content and tags", m.Key)
	return false
}

// vectors checks the vectors of a memory. It returns false if that of its text is wrong and there.
func (c *checker) vectors(m *row, s *searchedRow, model string) bool {
	if s.ownCodes != nil {
		v, err := record.Vector(s.ownCodes)
		if err != nil || !sameSigns(v, &s.ownSigns) {
			c.found.Add(store.CheckVectors, "the vector given with %s is damaged", m.Key)
		}
	}
	switch builtIn := c.inUse != nil && c.inUse.model != "" && c.values; {
	case s.codes == nil:
		if s.vectorsComplete != nil && *s.vectorsComplete && builtIn {
			c.found.Add(store.CheckVectors, "%s has no vector, and would not be found by meaning", m.Key)
			c.lack(store.CheckVectors)
		}
		return true
	case !sameSigns(vectorOf(s.codes), &s.signs):
	case builtIn:
		if alike(vectorOf(s.codes), c.inUse.vector(&m.Memory)) {
			return true
		}
	case len(s.codes) == 0 || model == "":
		return true
	default:
		if _, err := record.Vector(s.codes); err == nil {
			return true
		}
	}
	c.found.Add(store.CheckVectors, "the vector of the text of %s is not its own, or damaged", m.Key)
	return false
}

func sameSigns(v store.Vector, signs *pgtype.Bits) bool {
	return signs.Valid && int(signs.Len) == len(v) && bytes.Equal(signs.Bytes, appendBits(nil, v, func(x int8) bool { return x > 0 }))
}

// alike reports whether two vectors are the same but for what processors round differently.
func alike(a, b store.Vector) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if d := int(a[i]) - int(b[i]); d > 1 || d < -1 {
			return false
		}
	}
	return true
}

// derived checks words and vectors of no memory, and the counts of tenants, and makes what is missing.
func (c *checker) derived(ctx context.Context) error {
	var wordsOf, vectorsOf []sigil.Key
	err := c.now(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		for _, q := range []struct {
			table  string
			check  store.Check
			format string
			all    *[]sigil.Key
		}{
			{"words", store.CheckWords, "there are words of %s, which is not there", &wordsOf},
			{"vectors", store.CheckVectors, "there is a vector of the text of %s, which is not there", &vectorsOf},
			{"own_vectors", store.CheckVectors, "there is a vector given with %s, which is not there", nil},
		} {
			if err := each(ctx, conn, scanKey, func(key sigil.Key) {
				c.found.Add(q.check, q.format, key)
				if q.all != nil && c.mend {
					*q.all = append(*q.all, key)
				}
			}, "select tenant, id from sigil."+q.table+" d where not exists (select from sigil.memories m where m.tenant = d.tenant and m.id = d.id)"); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && c.mend {
		err = c.drop(ctx, wordsOf, vectorsOf)
	}
	if err == nil {
		err = c.counters(ctx)
	}
	if err != nil || !c.mend || c.inUse == nil {
		return err
	}
	c.s.searching = c.inUse
	if err := c.s.makeSearchable(ctx); err != nil {
		return err
	}
	for check, n := range c.lacking {
		c.found.Mended(check, n)
	}
	return nil
}

// lack counts a memory that lacks words or a vector.
func (c *checker) lack(check store.Check) {
	if c.lacking == nil {
		c.lacking = map[store.Check]int{}
	}
	c.lacking[check]++
}

// dropDerived deletes words and vectors, and counts that.
const dropDerived = `with w as (delete from sigil.words where (tenant, id) in (select * from unnest($1::text[], $2::uuid[])) returning tenant),
v as (delete from sigil.vectors where (tenant, id) in (select * from unnest($3::text[], $4::uuid[])) returning tenant)` + countDeleted

// drop deletes words and vectors that are wrong. They are missing then, and made like others that are.
func (c *checker) drop(ctx context.Context, wordsOf, vectorsOf []sigil.Key) error {
	if len(wordsOf)+len(vectorsOf) == 0 {
		return nil
	}
	bounded, cancel := c.s.bounded(ctx)
	defer cancel()
	wordTenants, wordIDs := arrays(wordsOf)
	vectorTenants, vectorIDs := arrays(vectorsOf)
	if _, err := c.s.pool.Exec(bounded, dropDerived, wordTenants, wordIDs, vectorTenants, vectorIDs); err != nil {
		return err
	}
	c.found.Mended(store.CheckWords, len(wordsOf))
	c.found.Mended(store.CheckVectors, len(vectorsOf))
	return nil
}
