package salvage

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/disk"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// MaxProblems is the maximum number of problems that are described.
const MaxProblems = 100

// Found is the result of a salvage.
type Found struct {
	Memories int // those passed to visit
	// Versions are former versions of memories, and Restorable removed memories that can be restored, as far as is known. Neither are
	// passed to visit.
	Versions, Restorable int
	// Problems describe what could not be read, in one sentence each. There are at most [MaxProblems]; Wrong
	// counts all problems.
	Problems []string
	Wrong    int
}

func (f *Found) wrong(format string, args ...any) {
	if f.Wrong++; f.Wrong <= MaxProblems {
		f.Problems = append(f.Problems, fmt.Sprintf(format, args...))
	}
}

// Read calls visit with every memory in a folder that can still be read, past its deadline or not, in any
// order, and returns what cannot be read. It stops with an error only if visit fails, or if the folder
// belongs to another program.
func Read(folder *disk.Folder, visit func(sigil.Memory, store.Vector) error) (_ Found, err error) {
	v := &salvage{fsys: folder.FS, data: folder.Data, memories: map[sigil.Key]*salvaged{}, told: map[string]bool{}}
	if v.files, err = folder.FS.List(v.data); err != nil {
		return v.found, disk.Opening(folder.Dir, err)
	}
	if _, err := folder.ReadInfo(); err != nil {
		if errors.Is(err, sigil.ErrFormat) {
			return v.found, err
		}
		v.found.wrong("%v", err)
	}
	if err := folder.CheckManifest(); err != nil {
		v.found.wrong("%v", err)
	}
	v.readPolicies()
	v.readClocks()
	v.each(layout.MetaFamily, v.meta)
	v.each(layout.BodyFamily, v.body)
	v.each(layout.RemovedFamily, v.removed)
	v.removeRanges()
	v.each(layout.JournalFamily, v.journal)
	v.each(layout.VectorFamily, v.vector)
	v.each(layout.BodyFamily, func(key []byte, seq uint64, kind pebble.InternalKeyKind, value []byte) {
		if err == nil && kind == pebble.InternalKeyKindSet {
			err = v.show(key, seq, value, visit)
		}
	})
	for key, m := range v.memories {
		if !m.left() && !m.shown && m.meta != nil {
			v.found.wrong("%s: its content is lost", key)
		}
		v.countRemoved(key, m)
	}
	return v.found, err
}

type salvage struct {
	fsys     vfs.FS
	data     string
	files    []string
	policies *layout.Policies
	clocks   map[string]store.TenantClock
	memories map[sigil.Key]*salvaged
	ranges   []deletedRange
	purged   []deletedRange // of records of removals
	found    Found
	told     map[string]bool // files that were reported as damaged
}

// salvaged is what is known of one memory.
type salvaged struct {
	meta       []byte // the newest record of its figures, or nil
	metaSeq    uint64
	bodySeq    uint64 // sequence number of the newest record of its content, plus 1
	deletedSeq uint64 // that of the newest deletion of its figures, or of a record that it was removed, plus 1
	erased     bool   // its content was deleted, so that it is gone for good
	perhaps    bool   // gone, unless the journal has its encode: see removeRanges
	removal    []byte // the newest record of its removal, or nil
	removalSeq uint64
	// removedAt and restoredAt are the positions of the newest journal entries that it was removed, and that it was restored.
	removedAt, restoredAt uint64
	shown                 bool
	vector                store.Vector
	journaledFigure       *sigil.Meta // used if there is no record of figures
}

// left reports whether the memory is gone, as far as is known after reading the journal.
func (m *salvaged) left() bool {
	switch {
	case m.erased || m.removedAt > m.restoredAt:
		return true
	case m.restoredAt > 0: // whatever sequence numbers the database has dropped
		return false
	}
	return m.deletedSeq > 0 && (m.meta == nil || m.deletedSeq > m.metaSeq+1) || m.perhaps && m.journaledFigure == nil
}

// deletedRange deletes records older than seq with keys from from up to, but not including, to.
type deletedRange struct {
	from, to []byte // without the family
	seq      uint64
}

// damaged records, once per file, that a file is damaged.
func (v *salvage) damaged(file string, format string, args ...any) {
	if !v.told[file] {
		v.told[file] = true
		v.found.wrong("%s: %s", v.fsys.PathJoin(v.data, file), fmt.Sprintf(format, args...))
	}
}

func (v *salvage) readPolicies() {
	texts := map[int]string{}
	v.each(layout.PolicyFamily, func(key []byte, _ uint64, _ pebble.InternalKeyKind, value []byte) {
		if number, ok := layout.SplitPolicyKey(key); ok {
			texts[int(number)] = string(value) // it never changes
		}
	})
	// Every number needs a policy: a memory whose policy is lost is shown with the default one.
	standIn := sigil.DefaultPolicy()
	all := slices.Repeat([]sigil.Policy{standIn}, math.MaxUint16+1)
	v.policies = layout.FixedPolicies(all)
	for n := range max(1, len(texts)) {
		policy, err := sigil.ParsePolicy(texts[n])
		if err != nil {
			policy = standIn
			v.found.wrong("policy %d is lost: its memories are shown with %s", n, policy)
		}
		all[n] = policy
	}
}

// memory returns the state of the memory of a record, or nil if the key cannot be read.
func (v *salvage) memory(key []byte) (sigil.Key, *salvaged) {
	k, ok := layout.SplitMemoryKey(key)
	if !ok {
		v.found.wrong("key %q cannot be read", key)
		return sigil.Key{}, nil
	}
	if v.memories[k] == nil {
		v.memories[k] = &salvaged{}
	}
	return k, v.memories[k]
}

func isDelete(kind pebble.InternalKeyKind) bool {
	return kind == pebble.InternalKeyKindDelete || kind == pebble.InternalKeyKindSingleDelete || kind == pebble.InternalKeyKindDeleteSized
}

func (v *salvage) meta(key []byte, seq uint64, kind pebble.InternalKeyKind, value []byte) {
	if v.isRange(key, seq, kind, value) {
		return
	}
	switch _, m := v.memory(key); {
	case m == nil:
	case isDelete(kind):
		m.deletedSeq = max(m.deletedSeq, seq+1)
	case m.meta == nil || seq > m.metaSeq:
		m.meta, m.metaSeq = append([]byte{}, value...), seq
	}
}

func (v *salvage) body(key []byte, seq uint64, kind pebble.InternalKeyKind, value []byte) {
	if v.isRange(key, seq, kind, value) {
		return
	}
	if _, m := v.memory(key); m != nil {
		m.erased = m.erased || isDelete(kind) // an id is never used again
		m.bodySeq = max(m.bodySeq, seq+1)
	}
}

// removed notes a memory that was removed and whose content is still there: it can be restored, or is a former version.
func (v *salvage) removed(key []byte, seq uint64, kind pebble.InternalKeyKind, value []byte) {
	if kind == pebble.InternalKeyKindRangeDelete {
		if len(value) > 0 {
			v.purged = append(v.purged, deletedRange{bytes.Clone(key[1:]), bytes.Clone(value[1:]), seq})
		}
		return
	}
	_, m := v.memory(key)
	if m == nil {
		return
	}
	if kind == pebble.InternalKeyKindSet {
		m.deletedSeq = max(m.deletedSeq, seq+1)
	}
	if seq < m.removalSeq {
		return
	}
	m.removal, m.removalSeq = nil, seq
	if kind == pebble.InternalKeyKindSet {
		m.removal = append([]byte{}, value...)
	}
}

// countRemoved counts a memory that was removed and is still kept.
func (v *salvage) countRemoved(key sigil.Key, m *salvaged) {
	if m.removal == nil || m.erased || !m.left() {
		return
	}
	place := layout.MemoryKey(0, key.Tenant, key.ID)[1:]
	for _, r := range v.purged {
		if r.seq > m.removalSeq && bytes.Compare(r.from, place) <= 0 && bytes.Compare(place, r.to) < 0 {
			return
		}
	}
	r := record.NewReader(m.removal)
	how, _, _ := r.Removal(key, v.policies)
	switch {
	case r.End() != nil:
		v.found.wrong("%s: how it was removed cannot be read", key)
	case how.Kind == sigil.Corrected:
		v.found.Versions++
	default:
		v.found.Restorable++
	}
}

// isRange records a deletion of a range, and reports whether the record is one. A commit deletes the same
// memories from both families, so either is enough.
func (v *salvage) isRange(key []byte, seq uint64, kind pebble.InternalKeyKind, end []byte) bool {
	if kind != pebble.InternalKeyKindRangeDelete {
		return false
	}
	if len(end) == 0 {
		v.found.wrong("the deleted range from %q cannot be read: memories in it may be shown", key)
		return true
	}
	v.ranges = append(v.ranges, deletedRange{bytes.Clone(key[1:]), bytes.Clone(end[1:]), seq})
	return true
}

// removeRanges removes the memories in deleted ranges, except those that were inserted after the deletion.
// The database drops the sequence numbers of records that shadow nothing. Then the order is unknown, and the
// journal decides.
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
		all = append(all, known{layout.MemoryKey(0, k.Tenant, k.ID)[1:], m})
	}
	slices.SortFunc(all, func(a, b known) int { return bytes.Compare(a.key, b.key) })
	for _, r := range v.ranges {
		at, _ := slices.BinarySearchFunc(all, r.from, func(k known, key []byte) int { return bytes.Compare(k.key, key) })
		for ; at < len(all) && bytes.Compare(all[at].key, r.to) < 0; at++ {
			switch newest := max(all[at].bodySeq, all[at].metaSeq+1); { // the sequence number plus 1
			case newest > r.seq+1: // it was inserted later
			case newest > 1:
				all[at].deletedSeq = max(all[at].deletedSeq, r.seq+1)
			default:
				all[at].perhaps = true
			}
		}
	}
}

// journal marks memories that are gone. Their tombstones may be in a lost table, or may have been dropped
// when they no longer hid anything except records of an old table that still exists.
func (v *salvage) journal(key []byte, _ uint64, kind pebble.InternalKeyKind, value []byte) {
	if kind != pebble.InternalKeyKindSet {
		return // dropped blocks still name memories that are gone
	}
	tenant, last, ok := layout.SplitJournalKey(key)
	events, err := layout.ReadBlock(tenant, last, value, v.policies)
	if !ok || err != nil {
		v.found.wrong("journal block %q cannot be read: memories that are gone according to it may be shown", key)
		return
	}
	for i := range events {
		m := v.memories[events[i].Memory.Key]
		switch kind := events[i].Kind; {
		case m == nil:
		case kind.Removes():
			m.removedAt = max(m.removedAt, events[i].Position)
		case kind == sigil.Restored:
			m.restoredAt = max(m.restoredAt, events[i].Position)
		case kind == sigil.Encoded:
			m.journaledFigure = &events[i].Memory
		}
	}
}

// vector keeps the vector of a memory. It never changes, and the other families tell which memories are gone.
func (v *salvage) vector(key []byte, _ uint64, kind pebble.InternalKeyKind, value []byte) {
	if kind != pebble.InternalKeyKindSet {
		return
	}
	k, ok := layout.SplitMemoryKey(key)
	vector, err := record.Vector(value)
	switch m := v.memories[k]; {
	case !ok || err != nil:
		v.found.wrong("the vector under %q cannot be read", key)
	case m != nil:
		m.vector = vector
	}
}

// show calls visit with the memory of a record of content.
func (v *salvage) show(key []byte, seq uint64, value []byte, visit func(sigil.Memory, store.Vector) error) error {
	k, s := v.memory(key)
	if s == nil || s.left() || s.shown || seq+1 != s.bodySeq {
		return nil
	}
	s.shown = true // or reported
	m := sigil.Memory{}
	r := record.NewReader(s.meta)
	m.Meta = r.Meta(k, v.policies)
	labels, labeled := r.Labels()
	if s.meta == nil || r.End() != nil {
		if s.journaledFigure == nil {
			v.found.wrong("%s: its figures are lost", k)
			return nil
		}
		v.found.wrong("%s: its figures are lost; it is shown with those from its encoding", k)
		m.Meta, labeled = *s.journaledFigure, false
	}
	r = record.NewReader(value)
	r.Body(&m)
	if r.End() != nil || len(m.Data) != m.Size {
		v.found.wrong("%s: its content cannot be read", k)
		return nil
	}
	if labeled {
		record.Retag(&m, labels.Tags)
	}
	m.Meta = v.shown(m.Meta)
	v.found.Memories++
	return visit(m, s.vector)
}
