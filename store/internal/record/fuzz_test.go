package record_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// codec reads a record of one kind and writes the result.
type codec struct {
	what  string
	read  func(r *record.Reader, p policies) any
	write func(v any, p policies) ([]byte, error)
}

var fuzzed = sigil.Key{Tenant: "public", ID: sigil.ID{15: 1}}

func codecs() []codec {
	number := func(p policies, m *sigil.Meta) uint16 {
		if m.Policy == nil {
			return 0
		}
		return uint16(slices.Index(p, m.Policy))
	}
	type answer struct {
		store.Answer
		ends time.Time
	}
	type removal struct {
		how    store.Removal
		meta   sigil.Meta
		labels record.Labels
	}
	return []codec{
		{
			"figures",
			func(r *record.Reader, p policies) any { return r.Meta(fuzzed, p) },
			func(v any, p policies) ([]byte, error) {
				m := v.(sigil.Meta)
				return record.AppendMeta(nil, &m, number(p, &m)), nil
			},
		},
		{
			"content",
			func(r *record.Reader, _ policies) any { m := sigil.Memory{}; r.Body(&m); return m },
			func(v any, _ policies) ([]byte, error) { m := v.(sigil.Memory); return record.AppendBody(nil, &m), nil },
		},
		{
			"event",
			func(r *record.Reader, p policies) any { return r.Event(fuzzed.Tenant, 7, p) },
			func(v any, p policies) ([]byte, error) {
				e := v.(sigil.Event)
				return record.AppendEvent(nil, &e, number(p, &e.Memory))
			},
		},
		{
			"crystal",
			func(r *record.Reader, _ policies) any { return r.Crystal(fuzzed.Tenant) },
			func(v any, _ policies) ([]byte, error) {
				c := v.(sigil.Crystal)
				return record.AppendCrystal(nil, &c), nil
			},
		},
		{
			"signature",
			func(r *record.Reader, _ policies) any { return r.Signature(fuzzed) },
			func(v any, _ policies) ([]byte, error) {
				s := v.(sigil.Signature)
				return record.AppendSignature(nil, &s), nil
			},
		},
		{
			"labels",
			func(r *record.Reader, _ policies) any {
				l, there := r.Labels()
				if there && record.AppendTags(nil, record.TagsOf(l.Tags)) == nil && l.Tags != "" {
					panic("the tags are lost")
				}
				return l
			},
			func(v any, _ policies) ([]byte, error) { return record.AppendLabels(nil, v.(record.Labels)), nil },
		},
		{
			"removal",
			func(r *record.Reader, p policies) any { how, m, l := r.Removal(fuzzed, p); return removal{how, m, l} },
			func(v any, p policies) ([]byte, error) {
				r := v.(removal)
				return record.AppendRemoval(nil, r.how, &r.meta, number(p, &r.meta), r.labels)
			},
		},
		{
			"answer",
			func(r *record.Reader, p policies) any { a, ends := r.Answer(fuzzed.Tenant, p); return answer{a, ends} },
			func(v any, p policies) ([]byte, error) {
				a := v.(answer)
				i := store.Idempotency{Fingerprint: a.Fingerprint, Ends: a.ends, Similar: a.Similar}
				if a.Amended != nil {
					return record.AppendAmended(nil, &i, a.Amended, number(p, &a.Memory)), nil
				}
				return record.AppendAnswer(nil, &i, &a.Memory, number(p, &a.Memory), a.DuplicateOf), nil
			},
		},
	}
}

// policies are numbered by their index.
type policies []sigil.Policy

func (p policies) Policy(number uint16) sigil.Policy {
	if int(number) >= len(p) {
		return nil
	}
	return p[number]
}

// somePolicies are the policies that the figures in a fuzzed record can refer to.
func somePolicies(tb testing.TB) policies {
	tb.Helper()
	var p policies
	for _, text := range []string{"classic", "halflife", "halflife h=1h"} {
		policy, err := sigil.ParsePolicy(text)
		if err != nil {
			tb.Fatal(err)
		}
		p = append(p, policy)
	}
	return p
}

// someMemory has something in every part of a record.
func someMemory() sigil.Memory {
	now := time.UnixMilli(1_764_000_000_000).UTC()
	m := sigil.Memory{
		Meta: sigil.Meta{
			Key: fuzzed, Frequency: 643, Potential: 0.5, AccessCount: 300, Size: 7, CreatedAt: now,
			LastAccessed: now.Add(time.Minute), TTL: time.Hour, Policy: sigil.DefaultClassic(),
		},
		Hash: sigil.Hash{1, 2, 31: 3}, Tags: []string{"a", "é"}, Data: json.RawMessage(`{"a":1}`),
		State: sigil.State{Phi: 1, Awareness: 0.25, Extra: map[string]json.RawMessage{"mood": json.RawMessage(`"calm"`)}},
	}
	m.Reschedule()
	return m
}

// FuzzRecord reads any bytes as each kind of record: they are damaged, or a value that is the same after it
// is written and read again. (The bytes may differ: a number can be written in more bytes than it needs.)
func FuzzRecord(f *testing.F) {
	p := somePolicies(f)
	m := someMemory()
	c := sigil.Crystal{Tenant: fuzzed.Tenant, Kind: sigil.CrystalOfPattern, Pattern: 161, Members: 3, CreatedAt: m.CreatedAt, UpdatedAt: m.LastAccessed, Stability: 0.95, Frequency: 1}
	event, err := record.AppendEvent(nil, &sigil.Event{Time: m.CreatedAt, Kind: sigil.Crystallized, Reason: sigil.ReasonPotential, Memory: m.Meta, Crystal: &c}, 1)
	if err != nil {
		f.Fatal(err)
	}
	signature := sigil.Signature{
		Tenant: fuzzed.Tenant, SignatureRef: sigil.SignatureRef{ID: fuzzed.ID, Body: m.Hash, Signer: 1 << 63},
		RegisteredAt: m.CreatedAt, RevokedAt: m.LastAccessed, Reason: "lost key", Statement: []byte("{}"),
	}
	revoked, err := record.AppendEvent(nil, &sigil.Event{Time: m.CreatedAt, Kind: sigil.Revoked, Reason: sigil.ReasonRequest, Signature: &signature.SignatureRef}, 0)
	if err != nil {
		f.Fatal(err)
	}
	removed, err := record.AppendRemoval(nil, store.Removal{At: m.LastAccessed, Kind: sigil.Faded, Reason: sigil.ReasonTTL, Position: 1 << 40}, &m.Meta, 1, record.LabelsOf(&m))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint8(2), revoked)
	stood := m.Shift(-time.Hour)
	noticed, err := record.AppendEvent(nil, &sigil.Event{Time: m.CreatedAt, Kind: sigil.Fading, Reason: sigil.ReasonDecay, Memory: stood, ClockStood: 2 * time.Hour}, 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint8(0), record.AppendMeta(nil, &stood, 2))
	f.Add(uint8(2), noticed)
	for i, b := range [][]byte{
		record.AppendMeta(nil, &m.Meta, 2), record.AppendBody(nil, &m), event, record.AppendCrystal(nil, &c), record.AppendSignature(nil, &signature),
		record.AppendLabels(nil, record.LabelsOf(&m)), removed,
		record.AppendAnswer(nil, &store.Idempotency{Fingerprint: [32]byte{9}, Ends: m.LastAccessed}, &m.Meta, 0, sigil.ID{}),
		record.AppendAnswer(nil, &store.Idempotency{Fingerprint: [32]byte{9}, Ends: m.LastAccessed}, &m.Meta, 0, m.ID),
		record.AppendAmended(nil, &store.Idempotency{Fingerprint: [32]byte{9}, Ends: m.LastAccessed}, &m, 0),
		record.AppendAnswer(nil, &store.Idempotency{Fingerprint: [32]byte{9}, Ends: m.LastAccessed, Similar: &sigil.Similar{
			Least: 0.9, Near: []sigil.Near{{ID: m.ID, Score: 1}}, Incomplete: true,
		}}, &m.Meta, 0, m.ID),
	} {
		i = min(i, len(codecs())-1)
		f.Add(uint8(i), b)
		f.Add(uint8(i), append(b, 0))
		f.Add(uint8(i), b[:len(b)-1])
	}
	f.Fuzz(func(t *testing.T, kind uint8, b []byte) {
		all := codecs()
		c := all[int(kind)%len(all)]
		sent := bytes.Clone(b)
		r := record.NewReader(b)
		v := c.read(&r, p)
		if err := r.End(); err != nil {
			if !errors.Is(err, record.ErrDamaged) {
				t.Fatalf("%s: %v", c.what, err)
			}
			return
		}
		if !bytes.Equal(b, sent) {
			t.Fatalf("%s was changed by reading it", c.what)
		}
		again, err := c.write(v, p)
		if err != nil {
			t.Fatalf("%s %+v cannot be written: %v", c.what, v, err)
		}
		r = record.NewReader(again)
		if w := c.read(&r, p); r.End() != nil || !reflect.DeepEqual(v, w) {
			t.Fatalf("%s %+v\nis read back as %+v, %v", c.what, v, w, r.End())
		}
		switch v := v.(type) { // the wire can show anything that is not damaged
		case sigil.Meta:
			_, err = json.Marshal(shape.Figures(&v, v.LastAccessed))
		case sigil.Event:
			_, err = json.Marshal(shape.Event(&v))
		case sigil.Crystal:
			_, err = json.Marshal(shape.Crystal(&engine.Crystal{Crystal: v}))
		}
		if err != nil {
			t.Fatalf("%s %+v: %v", c.what, v, err)
		}
	})
}

// FuzzBlock reads arbitrary bytes as a block of the journal. Positions rise to the block's own, each entry that was not
// erased is an event with its hash, and reading the block in two pieces, wherever it is split, returns the same events as
// reading it at once.
func FuzzBlock(f *testing.F) {
	p := somePolicies(f)
	m := someMemory()
	entry, err := record.AppendEvent(nil, &sigil.Event{Time: m.CreatedAt, Kind: sigil.Encoded, Reason: sigil.ReasonRequest, Memory: m.Meta}, 0)
	if err != nil {
		f.Fatal(err)
	}
	var value []byte
	last := uint64(0)
	for _, position := range []uint64{7, 9, 10} {
		value = record.AppendEntry(value, last, position, entry)
		last = position
	}
	f.Add(value, last, uint64(0), 2)
	gone := record.AppendErased(nil, record.EntryHash("public", entry))
	f.Add(record.AppendEntry(value[:len(value):len(value)], last, last+1, gone), last+1, uint64(0), 9)
	f.Add(append(record.AppendEntry(nil, 0, 6, gone), value...), last+6, uint64(0), 2)
	f.Add(value, last, uint64(9), 1)
	f.Add(value, last+1, uint64(0), 9)
	f.Add(append([]byte{0}, value...), last, uint64(0), 9)
	f.Add(binary.AppendUvarint(nil, 1<<63), uint64(1), uint64(0), 1)
	f.Fuzz(func(t *testing.T, value []byte, last, after uint64, limit int) {
		all, err := record.ReadBlock(nil, value, "public", 0, 0, last, len(value)+1, p)
		if err != nil {
			if !errors.Is(err, record.ErrDamaged) {
				t.Fatal(err)
			}
			return
		}
		before := uint64(0)
		readable := all
		if err := record.ReadHashes(value, "public", 0, last, func(position uint64, hash sigil.Hash) {
			if position <= before {
				t.Fatalf("position %d follows %d", position, before)
			}
			before = position
			if len(readable) > 0 && readable[0].Position == position {
				if readable[0].Hash != hash {
					t.Fatalf("the hash of %d is %s and %s", position, readable[0].Hash, hash)
				}
				readable = readable[1:]
			}
		}); err != nil || len(readable) > 0 {
			t.Fatalf("%d events at no position, %v", len(readable), err)
		}
		if before != last {
			t.Fatalf("the last of block %d has position %d", last, before)
		}
		limit = min(max(limit, 1), len(value)+1)
		parted, err := record.ReadBlock(nil, value, "public", 0, after, last, limit, p)
		if err != nil {
			t.Fatal(err)
		}
		from := after
		if len(parted) > 0 {
			from = parted[len(parted)-1].Position
		}
		rest, err := record.ReadBlock(nil, value, "public", 0, from, last, len(value)+1, p)
		if err != nil {
			t.Fatal(err)
		}
		// With a larger base, positions are larger by the same amount.
		if moved, err := record.ReadBlock(nil, value, "public", 100, 0, last+100, len(value)+1, p); err != nil || len(moved) != len(all) || len(all) > 0 && moved[0].Position != all[0].Position+100 {
			t.Fatalf("with another base: %d events, %v", len(moved), err)
		}
		for len(all) > 0 && all[0].Position <= after {
			all = all[1:]
		}
		if got := append(parted, rest...); len(got) != len(all) || len(got) > 0 && !reflect.DeepEqual(got, all) {
			t.Fatalf("%d and %d events after %d, of %d", len(parted), len(rest), after, len(all))
		}
	})
}
