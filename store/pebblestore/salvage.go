package pebblestore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/batchrepr"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// Salvaged is what a salvage found.
type Salvaged struct {
	Memories int // shown
	// Problems says what could not be read, a sentence each; at most [MaxProblems], and Wrong counts
	// all.
	Problems []string
	Wrong    int
}

func (f *Salvaged) wrong(format string, args ...any) {
	if f.Wrong++; f.Wrong <= MaxProblems {
		f.Problems = append(f.Problems, fmt.Sprintf(format, args...))
	}
}

// Salvage shows visit every memory of the store in dir that can still be read, past its deadline or
// not, in no promised order, and tells what cannot. Nobody may have the store open; nothing is changed.
//
// It reads the tables and logs themselves, and needs neither the database's list of them nor the file
// that says which store it is. What the journal, as far back as it
// goes, says has gone is left out, though a table that is no
// longer in use may still have it. The figures of a memory may be some refreshes old.
func Salvage(dir string, o *Options, visit func(sigil.Memory) error) (_ Salvaged, err error) {
	plain, _ := o.environment()
	fsys := readingFS{plain}
	unlock, err := lockSalvage(fsys, dir)
	if err != nil {
		return Salvaged{}, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	v := &salvage{fsys: fsys, data: fsys.PathJoin(dir, dataFolder), policies: &policies{}, memories: map[sigil.Key]*salvaged{}, told: map[string]bool{}}
	if v.files, err = fsys.List(v.data); err != nil {
		return v.found, opening(dir, err)
	}
	if _, err := readInfo(fsys, dir); err != nil {
		if errors.Is(err, sigil.ErrFormat) {
			return v.found, err
		}
		v.found.wrong("%v", err)
	}
	if err := checkManifest(fsys, v.data); err != nil {
		v.found.wrong("%v", err)
	}
	v.readPolicies()
	v.each(metaFamily, v.meta)
	v.each(bodyFamily, v.body)
	v.removeRanges()
	v.each(journalFamily, v.journal)
	v.each(bodyFamily, func(key []byte, seq uint64, kind pebble.InternalKeyKind, value []byte) {
		if err == nil && kind == pebble.InternalKeyKindSet {
			err = v.show(key, seq, value, visit)
		}
	})
	for key, m := range v.memories {
		if !m.left() && !m.shown && m.meta != nil {
			v.found.wrong("%s: its content is lost", key)
		}
	}
	return v.found, err
}

// lockSalvage locks dir against writers.
func lockSalvage(fsys readingFS, dir string) (unlock func() error, err error) {
	if _, err := fsys.Stat(fsys.PathJoin(dir, dataFolder)); err != nil {
		return nil, &sigil.Error{Kind: sigil.ErrInvalid, Code: "no_store", Detail: dir + " holds no sigil store", Err: err}
	}
	return fsys.lockStore(dir)
}

type salvage struct {
	fsys     vfs.FS
	data     string
	files    []string
	policies *policies
	memories map[sigil.Key]*salvaged
	ranges   []deletedRange
	found    Salvaged
	told     map[string]bool // files of which it was told that they are damaged
}

// salvaged is what is known of one memory.
type salvaged struct {
	meta            []byte // the newest record of its figures; nil: none
	metaSeq         uint64
	bodySeq         uint64 // of the newest record of its content, from 1
	gone            bool   // for good
	perhaps         bool   // gone, unless the journal knows that it came: see removeRanges
	shown           bool
	journaledFigure *sigil.Meta // where there is no record of them
}

// left tells whether it has gone, as far as is known once the journal is read.
func (m *salvaged) left() bool { return m.gone || m.perhaps && m.journaledFigure == nil }

// deletedRange deletes the records of keys from one to before another that are older than seq.
type deletedRange struct {
	from, to []byte // without the family
	seq      uint64
}

// damaged tells, once, that a file cannot be read whole.
func (v *salvage) damaged(file string, format string, args ...any) {
	if !v.told[file] {
		v.told[file] = true
		v.found.wrong("%s: %s", v.fsys.PathJoin(v.data, file), fmt.Sprintf(format, args...))
	}
}

// see is shown a record. One that deletes a range has its first key, and its end as the value.
type see func(key []byte, seq uint64, kind pebble.InternalKeyKind, value []byte)

// each shows visit every record of a family in all tables and logs, the old ones too. Of records with
// one key that with the greatest seq is the newest.
func (v *salvage) each(family byte, visit see) {
	for _, file := range v.files {
		path := v.fsys.PathJoin(v.data, file)
		number, _, _ := strings.Cut(file, ".")
		switch {
		case strings.HasSuffix(file, ".sst"):
			if err := v.table(path, family, visit); err != nil {
				v.damaged(file, "%v", err)
			}
		case strings.HasSuffix(file, ".log"):
			n, err := strconv.ParseUint(number, 10, 64)
			b, readErr := readFile(v.fsys, path)
			if err := errors.Join(err, readErr); err != nil {
				v.damaged(file, "%v", err)
				continue
			}
			for record := range records(b, uint32(n), func(before int) { v.damaged(file, "what is before byte %d is not what was written", before) }) {
				if err := batch(record, family, visit); err != nil {
					v.damaged(file, "%v", err)
				}
			}
		}
	}
}

// table shows visit what can be read of a table: from its start to the first damage, and from its end.
func (v *salvage) table(path string, family byte, visit see) error {
	f, err := v.fsys.Open(path)
	if err != nil {
		return err
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	options := &pebble.Options{}
	options.EnsureDefaults()
	r, err := sstable.NewReader(context.Background(), readable, options.MakeReaderOptions())
	if err != nil {
		return errors.Join(err, readable.Close())
	}
	defer func() { _ = r.Close() }() // it was only read
	if err := tableRanges(r, family, visit); err != nil {
		v.damaged(v.fsys.PathBase(path), "%v", err) // its records may be readable
	}
	it, err := r.NewIter(sstable.NoTransforms, []byte{family}, []byte{family + 1}, sstable.AssertNoBlobHandles)
	if err != nil {
		return err
	}
	show := func(key pebble.InternalKey, value []byte) {
		visit(key.UserKey, uint64(key.SeqNum()), key.Kind(), value)
	}
	kv := it.SeekGE([]byte{family}, 0)
	for ; kv != nil; kv = it.Next() {
		value, _, err := kv.Value(nil)
		if err != nil {
			return errors.Join(err, it.Close())
		}
		show(kv.K, value)
	}
	damage := it.Error()
	if damage == nil {
		return it.Close()
	}
	_ = it.Close() // it says the same
	if it, err = r.NewIter(sstable.NoTransforms, []byte{family}, []byte{family + 1}, sstable.AssertNoBlobHandles); err != nil {
		return damage
	}
	for kv := it.SeekLT([]byte{family + 1}, 0); kv != nil; kv = it.Prev() {
		value, _, err := kv.Value(nil)
		if err != nil {
			break
		}
		show(kv.K, value)
	}
	_ = it.Close() // it came to the same damage
	return damage
}

// tableRanges shows visit the deleted ranges of a table.
func tableRanges(r *sstable.Reader, family byte, visit see) (err error) {
	it, err := r.NewRawRangeDelIter(context.Background(), sstable.NoFragmentTransforms, sstable.ReadEnv{})
	if it == nil || err != nil {
		return err
	}
	defer it.Close()
	s, err := it.First()
	for ; s != nil && err == nil; s, err = it.Next() {
		for _, k := range s.Keys {
			if len(s.Start) > 0 && s.Start[0] == family {
				visit(s.Start, uint64(k.SeqNum()), k.Kind(), s.End)
			}
		}
	}
	return err
}

func isDelete(kind pebble.InternalKeyKind) bool {
	return kind == pebble.InternalKeyKindDelete || kind == pebble.InternalKeyKindSingleDelete || kind == pebble.InternalKeyKindDeleteSized
}

// batch shows visit the records of a family in one batch of a log.
func batch(b []byte, family byte, visit see) error {
	h, ok := batchrepr.ReadHeader(b)
	if !ok {
		return record.ErrDamaged
	}
	seq := uint64(h.SeqNum)
	for r := batchrepr.Read(b); ; seq++ {
		kind, key, value, ok, err := r.Next()
		if err != nil || !ok {
			return err
		}
		if len(key) > 0 && key[0] == family {
			visit(key, seq, kind, value)
		}
	}
}

func (v *salvage) readPolicies() {
	texts := map[int]string{}
	v.each(policyFamily, func(key []byte, _ uint64, _ pebble.InternalKeyKind, value []byte) {
		if len(key) == 3 {
			texts[int(binary.BigEndian.Uint16(key[1:]))] = string(value) // it never changes
		}
	})
	// Every number stands for something: who has a policy that is lost is shown under the default.
	standIn := sigil.DefaultPolicy()
	all := slices.Repeat([]sigil.Policy{standIn}, math.MaxUint16+1)
	defer v.policies.byNumber.Store(&all)
	for n := range max(1, len(texts)) {
		policy, err := sigil.ParsePolicy(texts[n])
		if err != nil {
			policy = standIn
			v.found.wrong("policy %d is lost: its memories are shown under %s", n, policy)
		}
		all[n] = policy
	}
}

// memory gives what is known of the memory of a record; nil where the key cannot be read.
func (v *salvage) memory(key []byte) (sigil.Key, *salvaged) {
	tenant, id, ok := splitTenant(key)
	if !ok || len(id) != len(sigil.ID{}) {
		v.found.wrong("key %q cannot be read", key)
		return sigil.Key{}, nil
	}
	k := sigil.Key{Tenant: tenant, ID: sigil.ID(id)}
	if v.memories[k] == nil {
		v.memories[k] = &salvaged{}
	}
	return k, v.memories[k]
}

func (v *salvage) meta(key []byte, seq uint64, kind pebble.InternalKeyKind, value []byte) {
	if v.isRange(key, seq, kind, value) {
		return
	}
	switch _, m := v.memory(key); {
	case m == nil:
	case isDelete(kind):
		m.gone = true // an id never comes back
	case m.meta == nil || seq > m.metaSeq:
		m.meta, m.metaSeq = append([]byte{}, value...), seq
	}
}

func (v *salvage) body(key []byte, seq uint64, kind pebble.InternalKeyKind, value []byte) {
	if v.isRange(key, seq, kind, value) {
		return
	}
	if _, m := v.memory(key); m != nil {
		m.gone = m.gone || isDelete(kind)
		m.bodySeq = max(m.bodySeq, seq+1)
	}
}

// isRange notes a record that deletes a range; it is false for any other. A commit deletes the same memories from
// both families, so that either tells.
func (v *salvage) isRange(key []byte, seq uint64, kind pebble.InternalKeyKind, end []byte) bool {
	if kind != pebble.InternalKeyKindRangeDelete {
		return false
	}
	if len(end) == 0 {
		v.found.wrong("the range from %q cannot be read: what it says has gone may be shown", key)
		return true
	}
	v.ranges = append(v.ranges, deletedRange{bytes.Clone(key[1:]), bytes.Clone(end[1:]), seq})
	return true
}

// removeRanges takes out the memories of ranges that were deleted. One that came later, with an id between those of
// others, stays. The database forgets the seq of records that have nothing under them: of such a one it cannot be
// told whether it came later, and the journal decides.
func (v *salvage) removeRanges() {
	if len(v.ranges) == 0 {
		return
	}
	type known struct {
		key []byte // without its family
		*salvaged
	}
	all := make([]known, 0, len(v.memories))
	for k, m := range v.memories {
		all = append(all, known{memoryKey(0, k.Tenant, k.ID)[1:], m})
	}
	slices.SortFunc(all, func(a, b known) int { return bytes.Compare(a.key, b.key) })
	for _, r := range v.ranges {
		at, _ := slices.BinarySearchFunc(all, r.from, func(k known, key []byte) int { return bytes.Compare(k.key, key) })
		for ; at < len(all) && bytes.Compare(all[at].key, r.to) < 0; at++ {
			switch newest := max(all[at].bodySeq, all[at].metaSeq+1); { // from 1
			case newest > r.seq+1: // it came later
			case newest > 1:
				all[at].gone = true
			default:
				all[at].perhaps = true
			}
		}
	}
}

// journal takes out what has gone: its tombstone may be in a table that is lost, or was dropped with
// all that it hid but for an old table that is still there.
func (v *salvage) journal(key []byte, _ uint64, kind pebble.InternalKeyKind, value []byte) {
	if kind != pebble.InternalKeyKindSet {
		return // what was dropped still tells what has gone
	}
	tenant, last, ok := splitJournalKey(key)
	events, err := readBlock(tenant, last, value, v.policies)
	if !ok || err != nil {
		v.found.wrong("journal block %q cannot be read: what it says has gone may be shown", key)
		return
	}
	for i := range events {
		m := v.memories[events[i].Memory.Key]
		switch kind := events[i].Kind; {
		case m == nil:
		case kind == sigil.Forgotten || kind == sigil.Faded || kind == sigil.Evicted:
			m.gone = true
		case kind == sigil.Encoded:
			m.journaledFigure = &events[i].Memory
		}
	}
}

// show gives visit the memory of a record of content.
func (v *salvage) show(key []byte, seq uint64, value []byte, visit func(sigil.Memory) error) error {
	k, s := v.memory(key)
	if s == nil || s.left() || s.shown || seq+1 != s.bodySeq {
		return nil
	}
	s.shown = true // or told of
	m := sigil.Memory{}
	r := record.NewReader(s.meta)
	m.Meta = r.Meta(k, v.policies)
	if s.meta == nil || r.End() != nil {
		if s.journaledFigure == nil {
			v.found.wrong("%s: its figures are lost", k)
			return nil
		}
		v.found.wrong("%s: its figures are lost; it is shown with those it was encoded with", k)
		m.Meta = *s.journaledFigure
	}
	r = record.NewReader(value)
	r.Body(&m)
	if r.End() != nil || len(m.Data) != m.Size {
		v.found.wrong("%s: its content cannot be read", k)
		return nil
	}
	v.found.Memories++
	return visit(m)
}
