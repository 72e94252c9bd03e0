package model

import (
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/storetest"
)

// ledger has everything that exists according to the journal, read from its first entry on. It checks that
// the specification allows each entry, independently of the model.
type ledger struct {
	position uint64
	time     time.Time
	memories map[sigil.Key]sigil.Meta
	removed  map[sigil.Key]sigil.Meta
	// superseded has memories that others took the place of, with the ids of these.
	superseded map[sigil.Key]sigil.ID
	successor  sigil.ID                 // that the next entry must be about, or zero
	policies   map[string]sigil.Policy  // of tenants
	noticed    map[sigil.Key]sigil.Meta // the figures in the last notice
	crystals   map[crystalKey]bool      // of patterns, all that ever existed
	bytes      map[string]int           // by tenant
	count      map[string]int           // of memories, by tenant
	// signatures has all that were ever registered.
	signatures map[sigil.Key]codeLife
}

type crystalKey struct {
	tenant  string
	pattern int
}

func newLedger() ledger {
	return ledger{
		memories: map[sigil.Key]sigil.Meta{}, removed: map[sigil.Key]sigil.Meta{}, superseded: map[sigil.Key]sigil.ID{}, policies: map[string]sigil.Policy{}, noticed: map[sigil.Key]sigil.Meta{}, crystals: map[crystalKey]bool{},
		bytes: map[string]int{}, count: map[string]int{}, signatures: map[sigil.Key]codeLife{},
	}
}

// read continues with entries of all tenants, in the order of their positions.
func (l *ledger) read(t storetest.TB, entries []sigil.Event) {
	t.Helper()
	for i := range entries {
		e := &entries[i]
		if e.Position != l.position+1 {
			t.Fatalf("journal: an entry at position %d follows the one at %d", e.Position, l.position)
		}
		l.position = e.Position
		if e.Time.Before(l.time) {
			t.Errorf("journal: the entry at %d is of %v, the one before it of %v", e.Position, e.Time, l.time)
		}
		l.time = e.Time
		l.entry(t, e)
	}
}

func (l *ledger) entry(t storetest.TB, e *sigil.Event) {
	t.Helper()
	m := &e.Memory
	if l.successor != (sigil.ID{}) && (e.Kind != sigil.Encoded || m.ID != l.successor) {
		t.Errorf("journal: at %d the encode of %v is missing, which superseded another", e.Position, l.successor)
	}
	l.successor = sigil.ID{}
	if e.Kind == sigil.PolicySet {
		if p := e.Policies; p == nil || p.From != l.policies[m.Tenant] || p.To == p.From || m.ID != (sigil.ID{}) {
			t.Errorf("journal: at %d the policy of %s changes, which was %v: %+v", e.Position, m.Tenant, l.policies[m.Tenant], p)
		} else {
			l.policies[m.Tenant] = p.To
		}
		return
	}
	if (e.Kind == sigil.Signed || e.Kind == sigil.Revoked) && e.Signature != nil {
		l.code(t, e)
		return
	}
	if e.Kind == sigil.Crystallized && e.Crystal != nil && e.Crystal.Kind == sigil.CrystalOfPattern {
		key := crystalKey{m.Tenant, e.Crystal.Pattern}
		if l.crystals[key] {
			t.Errorf("journal: at %d pattern %d of %s crystallizes again", e.Position, key.pattern, key.tenant)
		}
		if e.Crystal.Members < 3 || e.Crystal.Stability <= 0.9 {
			t.Errorf("journal: at %d a pattern of %d, mean potential %v, crystallizes", e.Position, e.Crystal.Members, e.Crystal.Stability)
		}
		l.crystals[key] = true
		return
	}
	if e.Kind == sigil.Erased {
		l.erased(t, e)
		return
	}
	if _, there := l.memories[m.Key]; there == (e.Kind == sigil.Encoded || e.Kind == sigil.Restored) {
		t.Errorf("journal: at %d %v is %s, and there before: %v", e.Position, m.Key, e.Kind, there)
	}
	wrong := ""
	switch e.Kind {
	case sigil.Encoded:
		l.count[m.Tenant]++
		l.bytes[m.Tenant] += m.Size
	case sigil.Restored:
		was, ok := l.removed[m.Key]
		was.Noticed = was.Noticed && fadesAt(m).Equal(was.FadesAt)
		was.LastAccessed, was.FadesAt, was.Policy = e.Time, fadesAt(m), m.Policy
		if at := end(&was); !at.IsZero() && !e.Time.Before(at) {
			was.TTL = 0
		}
		if !ok || *m != was || reached(m, e.Time) {
			wrong = "is restored with other figures, or was not removed"
		}
		l.count[m.Tenant]++
		l.bytes[m.Tenant] += m.Size
	case sigil.Crystallized:
		if m.Potential <= 0.9 || e.Crystal == nil || e.Crystal.Memory != m.ID {
			wrong = "crystallizes without being strong enough"
		}
	case sigil.Pinned, sigil.Unpinned:
		if m.Pinned != (e.Kind == sigil.Pinned) || reached(m, e.Time) {
			wrong = "is " + string(e.Kind) + " after its deadline, or is not"
		}
	case sigil.Tagged:
		if reached(m, e.Time) {
			wrong = "is tagged after its deadline"
		}
	case sigil.Changed:
		if reached(m, e.Time) || !e.Changed.Valid() {
			wrong = "is changed after its deadline, or in nothing"
		}
	case sigil.Fading:
		switch last, ok := l.noticed[m.Key]; {
		case reached(m, e.Time) || !m.Noticed || fadesAt(m).IsZero():
			wrong = "has a notice after its deadline, or without one"
		case e.Reason != reason(m):
			wrong = "has a notice for the wrong reason"
		case ok && last == *m:
			wrong = "has a second notice of one deadline"
		}
	case sigil.Forgotten, sigil.Corrected:
		if reached(m, e.Time) {
			wrong = "is " + string(e.Kind) + " after its deadline"
		}
	case sigil.Faded:
		switch {
		case !reached(m, e.Time):
			wrong = "fades before its deadline"
		case e.Reason != reason(m):
			wrong = "fades for the wrong reason"
		case keeps(m) && e.Reason != "ttl":
			wrong = "fades, being pinned or crystallized"
		}
	case sigil.Evicted:
		if keeps(m) {
			wrong = "is evicted, being pinned or crystallized"
		}
	default:
		wrong = "has an event of an unknown kind"
	}
	if wrong != "" {
		t.Errorf("journal: at %d (%s %s, %v) %#v %s", e.Position, e.Kind, e.Reason, e.Time, *m, wrong)
	}
	switch e.Kind {
	case sigil.Fading:
		l.noticed[m.Key] = *m
	case sigil.Pinned, sigil.Unpinned, sigil.Restored: // its deadline has moved, if only for a while
		delete(l.noticed, m.Key)
	}
	if !e.Kind.Removes() {
		l.memories[m.Key] = *m
		return
	}
	delete(l.memories, m.Key)
	if e.Kind == sigil.Corrected {
		l.superseded[m.Key], l.successor = e.SupersededBy, e.SupersededBy
	} else {
		l.removed[m.Key] = *m
	}
	l.count[m.Tenant]--
	l.bytes[m.Tenant] -= m.Size
}
