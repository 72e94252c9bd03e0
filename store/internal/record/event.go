package record

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// The code on disk of an event's kind or reason is its index in these lists. They may only grow, at the end.
var (
	eventKinds   = []sigil.EventKind{sigil.Encoded, sigil.Crystallized, sigil.Pinned, sigil.Unpinned, sigil.Forgotten, sigil.Faded, sigil.Evicted, sigil.Signed, sigil.Revoked, sigil.Tagged, sigil.Restored, sigil.Erased, sigil.Corrected, sigil.Changed, sigil.Fading, sigil.PolicySet}
	eventReasons = []string{sigil.ReasonRequest, sigil.ReasonDecay, sigil.ReasonTTL, sigil.ReasonMemories, sigil.ReasonBytes, sigil.ReasonPotential, sigil.ReasonImport}
)

const (
	eventHasMemory = 1 << iota
	eventHasCrystal
	eventHasSignature
	eventHasID // of a memory whose figures it does not have
	eventHasSuccessor
	eventHasChanged
	eventHasPolicies
	eventHasStood
)

// AppendEvent appends all of e except its tenant and position, which are the key.
func AppendEvent(b []byte, e *sigil.Event, policy uint16) ([]byte, error) {
	kind, reason := slices.Index(eventKinds, e.Kind), slices.Index(eventReasons, e.Reason)
	if kind < 0 || reason < 0 {
		return nil, errors.New("unknown kind or reason of event: " + string(e.Kind) + " " + e.Reason)
	}
	var has byte
	if e.Memory.Policy != nil {
		has |= eventHasMemory
	}
	if e.Crystal != nil {
		has |= eventHasCrystal
	}
	if e.Signature != nil {
		has |= eventHasSignature
	}
	if e.Memory.Policy == nil && e.Memory.ID != (sigil.ID{}) {
		has |= eventHasID
	}
	if e.SupersededBy != (sigil.ID{}) {
		has |= eventHasSuccessor
	}
	if e.Changed != 0 {
		has |= eventHasChanged
	}
	if e.Policies != nil {
		has |= eventHasPolicies
	}
	if e.ClockStood != 0 {
		has |= eventHasStood
	}
	b = append(b, byte(kind), byte(reason), has)
	b = binary.AppendVarint(b, e.Time.UnixMilli())
	switch {
	case has&eventHasMemory != 0:
		b = AppendMeta(append(b, e.Memory.ID[:]...), &e.Memory, policy)
	case has&eventHasID != 0:
		b = append(b, e.Memory.ID[:]...)
	}
	if has&eventHasChanged != 0 {
		b = append(b, byte(e.Changed))
	}
	if has&eventHasCrystal != 0 {
		b = AppendCrystal(b, e.Crystal)
	}
	if has&eventHasSignature != 0 {
		b = appendRef(append(b, e.Signature.ID[:]...), e.Signature)
	}
	if has&eventHasSuccessor != 0 {
		b = append(b, e.SupersededBy[:]...)
	}
	if has&eventHasPolicies != 0 {
		b = AppendPolicy(AppendPolicy(b, e.Policies.From), e.Policies.To)
	}
	if has&eventHasStood != 0 {
		b = binary.AppendUvarint(b, uint64(e.ClockStood/time.Second))
	}
	return b, nil
}

// Event decodes the output of AppendEvent.
func (r *Reader) Event(tenant string, position uint64, policies Policies) sigil.Event {
	e := sigil.Event{Position: position, Memory: sigil.Meta{Key: sigil.Key{Tenant: tenant}}}
	kind, reason, has := int(r.byte()), int(r.byte()), r.byte()
	if kind >= len(eventKinds) || reason >= len(eventReasons) {
		r.Fail()
		return e
	}
	e.Kind, e.Reason, e.Time = eventKinds[kind], eventReasons[reason], r.time()
	switch {
	case has&eventHasMemory != 0:
		e.Memory = r.Meta(sigil.Key{Tenant: tenant, ID: r.ID()}, policies)
		if has&eventHasID != 0 {
			r.Fail()
		}
	case has&eventHasID != 0:
		if e.Memory.ID = r.ID(); e.Memory.ID == (sigil.ID{}) {
			r.Fail()
		}
	}
	if has&eventHasChanged != 0 {
		if e.Changed = sigil.ChangedFields(r.byte()); !e.Changed.Valid() {
			r.Fail()
		}
	}
	if has&eventHasCrystal != 0 {
		c := r.Crystal(tenant)
		e.Crystal = &c
	}
	if has&eventHasSignature != 0 {
		ref := r.ref(r.ID())
		e.Signature = &ref
	}
	if has&eventHasSuccessor != 0 {
		e.SupersededBy = r.ID()
	}
	if (e.Kind == sigil.Corrected) != (e.SupersededBy != sigil.ID{}) {
		r.Fail()
	}
	if has&eventHasPolicies != 0 {
		e.Policies = &sigil.PolicyChange{From: r.Policy(), To: r.Policy()}
	}
	if has&eventHasStood != 0 {
		if e.ClockStood = time.Duration(r.upTo(math.MaxInt32)) * time.Second; e.ClockStood == 0 {
			r.Fail()
		}
	}
	return e
}

// AppendRemoval appends how a memory was removed, the figures that it had, and its labels.
func AppendRemoval(b []byte, r store.Removal, m *sigil.Meta, policy uint16, labels Labels) ([]byte, error) {
	kind, reason := slices.Index(eventKinds, r.Kind), slices.Index(eventReasons, r.Reason)
	if kind < 0 || reason < 0 {
		return nil, errors.New("unknown kind or reason of a removal: " + string(r.Kind) + " " + r.Reason)
	}
	b = binary.AppendUvarint(append(b, byte(kind), byte(reason)), r.Position)
	b = binary.AppendVarint(b, r.At.UnixMilli())
	if r.Kind == sigil.Corrected {
		b = append(b, r.SupersededBy[:]...)
	}
	return AppendLabels(AppendMeta(b, m, policy), labels), nil
}

// Removal decodes the output of AppendRemoval for the memory with a key.
func (r *Reader) Removal(key sigil.Key, policies Policies) (how store.Removal, m sigil.Meta, labels Labels) {
	kind, reason := int(r.byte()), int(r.byte())
	if kind >= len(eventKinds) || reason >= len(eventReasons) || !store.KeepsRemoved(eventKinds[kind]) {
		r.Fail()
		return how, m, labels
	}
	how = store.Removal{Kind: eventKinds[kind], Reason: eventReasons[reason], Position: r.Uvarint(), At: r.time()}
	if how.Kind == sigil.Corrected {
		if how.SupersededBy = r.ID(); how.SupersededBy == (sigil.ID{}) {
			r.Fail()
		}
	}
	m = r.Meta(key, policies)
	labels, there := r.Labels()
	if !there {
		r.Fail()
	}
	return how, m, labels
}
