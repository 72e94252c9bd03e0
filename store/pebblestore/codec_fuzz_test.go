package pebblestore

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// codec reads a record of one kind and writes what it read.
type codec struct {
	what  string
	read  func(r *reader, p *policies) any
	write func(v any, p *policies) ([]byte, error)
}

var fuzzed = sigil.Key{Tenant: "public", ID: sigil.ID{15: 1}}

func codecs() []codec {
	number := func(p *policies, m *sigil.Meta) uint16 {
		if m.Policy == nil {
			return 0
		}
		n, _ := p.number(m.Policy)
		return n
	}
	type answer struct {
		store.Answer
		ends time.Time
	}
	return []codec{
		{
			"figures",
			func(r *reader, p *policies) any { return r.meta(fuzzed, p) },
			func(v any, p *policies) ([]byte, error) {
				m := v.(sigil.Meta)
				return appendMeta(nil, &m, number(p, &m)), nil
			},
		},
		{
			"content",
			func(r *reader, _ *policies) any { m := sigil.Memory{}; r.body(&m); return m },
			func(v any, _ *policies) ([]byte, error) { m := v.(sigil.Memory); return appendBody(nil, &m), nil },
		},
		{
			"event",
			func(r *reader, p *policies) any { return r.event(fuzzed.Tenant, 7, p) },
			func(v any, p *policies) ([]byte, error) {
				e := v.(sigil.Event)
				return appendEvent(nil, &e, number(p, &e.Memory))
			},
		},
		{
			"crystal",
			func(r *reader, _ *policies) any { return r.crystal(fuzzed.Tenant) },
			func(v any, _ *policies) ([]byte, error) { c := v.(sigil.Crystal); return appendCrystal(nil, &c), nil },
		},
		{
			"answer",
			func(r *reader, p *policies) any { a, ends := r.answer(fuzzed.Tenant, p); return answer{a, ends} },
			func(v any, p *policies) ([]byte, error) {
				a := v.(answer)
				i := store.Idempotency{Fingerprint: a.Fingerprint, Ends: a.ends}
				return appendAnswer(nil, &i, &a.Memory, number(p, &a.Memory)), nil
			},
		},
	}
}

// somePolicies are those that the figures in a fuzzed record can name.
func somePolicies(tb testing.TB) *policies {
	tb.Helper()
	p := new(policies)
	for _, text := range []string{"classic", "halflife", "halflife h=1h"} {
		policy, err := sigil.ParsePolicy(text)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := p.add(policy); err != nil {
			tb.Fatal(err)
		}
	}
	return p
}

// someMemory has a bit of everything that a record can hold.
func someMemory() sigil.Memory {
	now := time.UnixMilli(1_764_000_000_000).UTC()
	m := sigil.Memory{
		Meta: sigil.Meta{
			Key: fuzzed, Frequency: 643, Potential: 0.5, AccessCount: 300, Size: 7, CreatedAt: now,
			LastAccessed: now.Add(time.Minute), TTL: time.Hour, Policy: sigil.DefaultPolicy(),
		},
		Hash: sigil.Hash{1, 2, 31: 3}, Tags: []string{"a", "é"}, Data: json.RawMessage(`{"a":1}`),
		State: sigil.State{Phi: 1, Awareness: 0.25, Extra: map[string]json.RawMessage{"mood": json.RawMessage(`"calm"`)}},
	}
	m.Reschedule()
	return m
}

// FuzzRecord reads any bytes as each kind of record: they are damaged, or a value that is written and
// read again as the same. (Not always in the same bytes: a number can be written longer than it must.)
func FuzzRecord(f *testing.F) {
	p := somePolicies(f)
	m := someMemory()
	c := sigil.Crystal{Tenant: fuzzed.Tenant, Kind: sigil.CrystalOfPattern, Pattern: 161, Members: 3, CreatedAt: m.CreatedAt, UpdatedAt: m.LastAccessed, Stability: 0.95, Frequency: 1}
	event, err := appendEvent(nil, &sigil.Event{Time: m.CreatedAt, Kind: sigil.Crystallized, Reason: sigil.ReasonPotential, Memory: m.Meta, Crystal: &c}, 1)
	if err != nil {
		f.Fatal(err)
	}
	for i, b := range [][]byte{
		appendMeta(nil, &m.Meta, 2), appendBody(nil, &m), event, appendCrystal(nil, &c),
		appendAnswer(nil, &store.Idempotency{Fingerprint: [32]byte{9}, Ends: m.LastAccessed}, &m.Meta, 0),
	} {
		f.Add(uint8(i), b)
		f.Add(uint8(i), append(b, 0))
		f.Add(uint8(i), b[:len(b)-1])
	}
	f.Fuzz(func(t *testing.T, kind uint8, b []byte) {
		all := codecs()
		c := all[int(kind)%len(all)]
		sent := bytes.Clone(b)
		r := reader{b: b}
		v := c.read(&r, p)
		if err := r.end(); err != nil {
			if !errors.Is(err, errDamaged) {
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
		r = reader{b: again}
		if w := c.read(&r, p); r.end() != nil || !reflect.DeepEqual(v, w) {
			t.Fatalf("%s %+v\nis read back as %+v, %v", c.what, v, w, r.err)
		}
		switch v := v.(type) { // the wire can show whatever is not damaged
		case sigil.Meta:
			_, err = json.Marshal(v.View(v.LastAccessed))
		case sigil.Event:
			_, err = json.Marshal(v.View())
		case sigil.Crystal:
			_, err = json.Marshal(v.View())
		}
		if err != nil {
			t.Fatalf("%s %+v: %v", c.what, v, err)
		}
	})
}

// FuzzBlock reads any bytes as a block of the journal. Positions rise to the block's own; reading in
// two pieces, wherever it is parted, gives what reading at once does.
func FuzzBlock(f *testing.F) {
	p := somePolicies(f)
	m := someMemory()
	record, err := appendEvent(nil, &sigil.Event{Time: m.CreatedAt, Kind: sigil.Encoded, Reason: sigil.ReasonRequest, Memory: m.Meta}, 0)
	if err != nil {
		f.Fatal(err)
	}
	j := journal{position: 6, blocks: map[string]*block{}}
	for _, tenant := range []string{"public", "other", "public", "public"} {
		if err := j.add(nil, &sigil.Event{Memory: sigil.Meta{Key: sigil.Key{Tenant: tenant}}}, record); err != nil {
			f.Fatal(err)
		}
	}
	written := j.blocks["public"]
	f.Add(written.value, written.last, uint64(0), 2)
	f.Add(written.value, written.last, uint64(9), 1)
	f.Add(written.value, written.last+1, uint64(0), 9)
	f.Add(append([]byte{0}, written.value...), written.last, uint64(0), 9)
	f.Add(binary.AppendUvarint(nil, 1<<63), uint64(1), uint64(0), 1)
	f.Fuzz(func(t *testing.T, value []byte, last, after uint64, limit int) {
		s := &Store{policies: p}
		var all []sigil.Event
		if err := s.readBlock(&all, value, "public", 0, last, len(value)+1); err != nil {
			if !errors.Is(err, errDamaged) {
				t.Fatal(err)
			}
			return
		}
		before := uint64(0)
		for _, e := range all {
			if e.Position <= before {
				t.Fatalf("position %d follows %d", e.Position, before)
			}
			before = e.Position
		}
		if before != last {
			t.Fatalf("the last of block %d has position %d", last, before)
		}
		limit = min(max(limit, 1), len(value)+1)
		var parted, rest []sigil.Event
		if err := s.readBlock(&parted, value, "public", after, last, limit); err != nil {
			t.Fatal(err)
		}
		from := after
		if len(parted) > 0 {
			from = parted[len(parted)-1].Position
		}
		if err := s.readBlock(&rest, value, "public", from, last, len(value)+1); err != nil {
			t.Fatal(err)
		}
		for len(all) > 0 && all[0].Position <= after {
			all = all[1:]
		}
		if got := append(parted, rest...); len(got) != len(all) || len(got) > 0 && !reflect.DeepEqual(got, all) {
			t.Fatalf("%d and %d events after %d, of %d", len(parted), len(rest), after, len(all))
		}
	})
}

// FuzzFolder opens a database whose records somebody else wrote: Open reads it or says that it is
// damaged. The same for the file that says which store it is.
func FuzzFolder(f *testing.F) {
	m := someMemory()
	f.Add(memoryKey(metaFamily, "public", fuzzed.ID), appendMeta(nil, &m.Meta, 0), []byte(nil))
	f.Add([]byte("m"), []byte(nil), []byte(nil))
	f.Add([]byte("mpublic\x00"), []byte(nil), []byte(nil))
	f.Add(crystalKey("public", 3), []byte{1}, []byte(nil))
	f.Add(policyKey(1), []byte("classic"), []byte(nil))
	f.Add([]byte("p"), []byte{1}, []byte(nil))
	f.Add([]byte("x"), []byte(nil), []byte(nil))
	f.Add(expiryKey(1, "public", "k"), []byte(nil), []byte(nil))
	f.Add([]byte("jpublic\x00\x00"), []byte(nil), []byte(`{"format":2}`))
	f.Add([]byte("?"), []byte("?"), []byte(`{"format":99,"id":"x"}`))
	f.Add([]byte("?"), []byte("?"), []byte(`null`))
	f.Fuzz(func(t *testing.T, key, value, info []byte) {
		fsys := vfs.NewMem()
		const dir = "store"
		must(t, fsys.MkdirAll(dir, 0o700))
		if info != nil {
			must(t, writeFile(fsys, dir, infoFile, info))
		} else {
			must(t, writeInfo(fsys, dir, newInfo(infoRecord{Format: format, ID: m.ID, CreatedAt: m.CreatedAt})))
		}
		db, err := pebble.Open(fsys.PathJoin(dir, dataFolder), &pebble.Options{FS: fsys, Logger: quiet{}})
		must(t, err)
		must(t, errors.Join(
			db.Set(policyKey(0), []byte(sigil.DefaultPolicy().String()), nil), db.Set(key, value, pebble.Sync), db.Close(),
		))
		s, err := Open(dir, &Options{FS: fsys, CacheSize: 1 << 20})
		if err != nil {
			return
		}
		now := m.CreatedAt
		for _, tenant := range []string{"public", "x"} { // an error is fine, and so is an answer
			_, _, _ = s.List(t.Context(), store.Query{Tenant: tenant, Now: now, Limit: 10})
			_, _ = s.Events(t.Context(), tenant, 0, 10)
			_, _ = s.Patterns(t.Context(), tenant, now)
			_, _ = s.Crystals(t.Context(), tenant)
		}
		_, _ = s.Prune(t.Context(), now.Add(time.Hour), 10)
		must(t, s.Close())
	})
}

type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(string, ...any) {}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
