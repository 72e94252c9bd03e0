package index

import (
	"math"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Never is the deadline of a memory that does not fade.
const Never = math.MaxInt64

// Entry is what an index holds of one memory: all its figures, no content.
type Entry = entry

// entry begins with the fields that queries read from many entries: 32 of its 112 bytes mostly share one
// cache line, and entries are not adjacent. The index's lock guards all fields of an entry in an index. A caller that has
// locked the memory's key may read the figures without the index's lock, since only such a caller changes
// them.
type entry struct {
	id           sigil.ID
	fades        int64 // Unix milliseconds, like all times here, or Never
	frequency    uint16
	policy       uint16
	pinned       bool
	crystallized bool
	leaving      bool  // an insert is about to evict it
	noticed      bool  // the journal has a notice of its deadline; then it is listed under that
	ownPolicy    bool  // its policy is its own
	stood        int32 // seconds

	created      int64
	lastAccessed int64
	listed       int64 // the deadline under which it is listed: see rightlyListed
	ttl          int64
	potential    float64
	stretch      float64
	accessCount  uint64
	size         uint32
	ref          ref    // refers to this entry, once it has a place
	dirty        uint32 // the number of a refresh that is not on disk yet, or 0; before it is in an index: unwritten or 0
	hash         uint32 // see [record.Labels]
}

// unwritten, as the dirty field of an entry that is inserted, has its record written again.
const unwritten = 1

// Content returns the part of the content that an entry keeps.
func (e *entry) Content() Content { return Content{Frequency: e.frequency, Hash: e.hash} }

func milli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func (e *entry) due(now int64) bool { return e.fades <= now }

// rightlyListed reports whether e is listed under its deadline or, while its refresh is not on disk, under an
// earlier one. This holds for every entry in an index whenever the lock is free.
//
// A recall only moves a deadline later, so the entry keeps its old place: re-sorting it costs ten times the
// rest of a recall's work under the lock, for which all callers wait. The committer moves the entry when it
// writes the refresh. So an entry that is listed under a deadline fades then or later, and all entries that
// are due are found under past deadlines. A caller that needs the order looks at the dirty entries as well
// (see Index.behind).
func (e *entry) rightlyListed() bool {
	return e.listed == e.fades || e.listed < e.fades && e.dirty != 0 && !e.noticed
}

// behind reports whether e is listed under an earlier deadline than its own.
func (e *entry) behind() bool { return e.listed != e.fades }

func (e *entry) evictable() bool { return !e.pinned && !e.crystallized }

// meta returns the figures of a tenant's memory.
func (e *entry) meta(tenant string, p *layout.Policies) sigil.Meta {
	m := sigil.Meta{
		Key: sigil.Key{Tenant: tenant, ID: e.id}, Frequency: sigil.Frequency(e.frequency), Potential: e.potential,
		AccessCount: e.accessCount, Size: int(e.size), CreatedAt: milli(e.created), LastAccessed: milli(e.lastAccessed),
		TTL: time.Duration(e.ttl) * time.Millisecond, Pinned: e.pinned, Crystallized: e.crystallized, OwnPolicy: e.ownPolicy, Stretch: e.stretch, Stood: time.Duration(e.stood) * time.Second, Noticed: e.noticed, Policy: p.Policy(e.policy),
	}
	if e.fades != Never {
		m.FadesAt = milli(e.fades)
	}
	return m
}

// NewEntry returns the entry of a new memory, with its policy's number and the hash of its labels.
func NewEntry(m *sigil.Meta, policy uint16, hash uint32) Entry {
	e := entry{
		hash: hash, ownPolicy: m.OwnPolicy,
		id: m.ID, created: m.CreatedAt.UnixMilli(), potential: m.Potential,
		size: uint32(m.Size), frequency: uint16(m.Frequency), crystallized: m.Crystallized,
	}
	e.set(m, policy)
	return e
}

// Kept returns the entry of a memory that is stored with these figures and the hash of its labels. If former is set,
// its record has the form of an earlier format, without labels, and is returned by [Index.Refreshes].
func Kept(id sigil.ID, f *record.Figures, hash uint32, former bool) Entry {
	e := entry{
		hash: hash, noticed: f.Noticed, ownPolicy: f.OwnPolicy, stood: f.Stood,
		id: id, created: f.CreatedAt, lastAccessed: f.LastAccessed, fades: Never, ttl: f.TTL, potential: f.Potential, stretch: f.Stretch, accessCount: f.AccessCount,
		size: uint32(f.Size), frequency: f.Frequency, policy: f.Policy, pinned: f.Pinned, crystallized: f.Crystallized,
	}
	if f.Fades {
		e.fades = f.FadesAt
	}
	if former {
		e.dirty = unwritten
	}
	return e
}

// set sets the fields that an update may change.
func (e *entry) set(m *sigil.Meta, policy uint16) {
	e.lastAccessed, e.accessCount, e.pinned, e.policy, e.stretch = m.LastAccessed.UnixMilli(), m.AccessCount, m.Pinned, policy, m.Stretch
	e.fades, e.ttl, e.noticed, e.stood = deadline(m), m.TTL.Milliseconds(), m.Noticed, int32(m.Stood/time.Second)
}

func deadline(m *sigil.Meta) int64 {
	if m.FadesAt.IsZero() {
		return Never
	}
	return m.FadesAt.UnixMilli()
}
