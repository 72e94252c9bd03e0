package pgstore

import (
	"sync"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/store"
)

// made is what decides about the vectors of texts: the settings, which say what of a memory is searched, and the model.
func (s *searching) made() string { return s.settings + s.model }

// sums make the vectors of texts by the built-in table.
var sums = sync.Pool{New: func() any { return meaning.BuiltIn().NewSum() }}

// vector returns the vector of a memory's texts, or nil if it has none.
func (s *searching) vector(m *sigil.Memory) store.Vector {
	sum := sums.Get().(*meaning.Sum) //nolint:forcetypeassert // nothing else is put there
	defer sums.Put(sum)
	s.analyzer.Texts(m.Data, m.Tags, sum.Add)
	return store.Vector(sum.Take())
}

// Rows of vectors are inserted unless another process has changed settings or model. Those of own vectors always are.
const (
	insertVectors = `insert into sigil.vectors (tenant, id, signs, codes)
select tenant, id, signs, codes
from unnest($1::text[], $2::uuid[], $3::bit varying[], $4::bytea[]) as n (tenant, id, signs, codes)
where (select settings || model from sigil.searched) = $5`
	insertOwnVectors = `insert into sigil.own_vectors (tenant, id, signs, codes)
select tenant, id, signs, codes
from unnest($1::text[], $2::uuid[], $3::bit varying[], $4::bytea[]) as n (tenant, id, signs, codes)`
)

// vectorRows are rows of vectors to insert, column by column.
type vectorRows struct{ tenants, ids, signs, codes array }

func (r *vectorRows) reset() {
	for _, a := range []*array{&r.tenants, &r.ids, &r.signs, &r.codes} {
		a.reset()
	}
}

func (r *vectorRows) add(key sigil.Key, v store.Vector) {
	r.tenants.text(key.Tenant)
	r.ids.bytes(key.ID[:])
	r.signs.signs(v)
	r.codes.codes(v)
}

func (r *vectorRows) args() []any {
	return []any{raw(r.tenants.of(oidText)), raw(r.ids.of(oidUUID)), raw(r.signs.of(oidBits)), raw(r.codes.of(oidBytes))}
}

// queue queues the statement that inserts the rows as vectors of texts.
func (r *vectorRows) queue(w *writes, s *searching) {
	if r.ids.n > 0 {
		w.add(insertVectors, append(r.args(), bytesOf(s.made()))...)
	}
}

// queueOwn queues the statement that inserts the rows as vectors that callers gave.
func (r *vectorRows) queueOwn(w *writes) {
	if r.ids.n > 0 {
		w.add(insertOwnVectors, r.args()...)
	}
}

// signs adds the sign bits of a vector.
func (a *array) signs(v store.Vector) {
	a.element(4 + (len(v)+7)/8)
	a.b = append(a.b, byte(len(v)>>24), byte(len(v)>>16), byte(len(v)>>8), byte(len(v)))
	a.b = appendBits(a.b, v, func(x int8) bool { return x > 0 })
}

// codes adds the bytes of a vector.
func (a *array) codes(v store.Vector) {
	a.element(len(v))
	for _, x := range v {
		a.b = append(a.b, byte(x))
	}
}

// appendBits appends a bit for each dimension of a vector, the first one in the highest bit of the first byte.
func appendBits(to []byte, v store.Vector, set func(int8) bool) []byte {
	for i, x := range v {
		if i%8 == 0 {
			to = append(to, 0)
		}
		if set(x) {
			to[len(to)-1] |= 0x80 >> (i % 8)
		}
	}
	return to
}

// bitsOf returns a parameter with a bit for each dimension of a vector.
func bitsOf(v store.Vector, set func(int8) bool) pgtype.Bits {
	return pgtype.Bits{Bytes: appendBits(nil, v, set), Len: int32(len(v)), Valid: true}
}

// codesOf returns the codes of a vector's row.
func codesOf(v store.Vector) []byte {
	codes := make([]byte, len(v))
	for i, x := range v {
		codes[i] = byte(x)
	}
	return codes
}

// vectorOf returns the vector that a row's codes are.
func vectorOf(codes []byte) store.Vector {
	v := make(store.Vector, len(codes))
	for i, c := range codes {
		v[i] = int8(c)
	}
	return v
}

// oidBits is the type of a vector's sign bits.
const oidBits = pgtype.VarbitOID
