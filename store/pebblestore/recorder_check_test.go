package pebblestore_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// check checks a store after a crash at which acked events had been acknowledged: these exist, nothing exists
// that was not attempted, no group exists in part, a search finds what exists and nothing else, and the store is consistent.
func (r *recorder) check(s *pebblestore.Store, acked int) error {
	var problems []error
	wrong := func(format string, args ...any) {
		if len(problems) < 5 { // one is usually enough
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	found, err := s.Check()
	if err = errors.Join(err, s.CheckIndex()); err != nil {
		wrong("%w", err)
	}
	for _, p := range found.Sentences() {
		wrong("%s", p)
	}
	ctx := context.Background()
	recovered := map[uint64]sigil.Event{}
	kept := map[string]sigil.Event{} // by name
	memories := map[sigil.Key]sigil.Memory{}
	var signatures []sigil.Signature
	last := map[sigil.Key]sigil.Event{} // by memory
	amended := map[sigil.Key]string{}   // the name of the last event with which it was amended
	restorable := map[sigil.Key]store.Removed{}
	for _, tenant := range owners {
		events, err := s.Events(ctx, tenant, 0, 1_000_000)
		if err != nil {
			wrong("events: %w", err)
		}
		var policy sigil.Policy
		for _, e := range events {
			switch e.Kind {
			case sigil.Tagged, sigil.Changed:
				amended[e.Memory.Key] = name(&e)
			case sigil.PolicySet:
				policy = e.Policies.To
			}
			recovered[e.Position] = e
			last[e.Memory.Key] = e
			e.Position, e.Hash = 0, sigil.Hash{}
			kept[name(&e)] = e
		}
		if got := s.PolicyOf(tenant); got != policy {
			wrong("the policy of %s is %v, and in the journal %v", tenant, got, policy)
		}
		page, _, err := s.List(ctx, store.Query{Tenant: tenant, Limit: 1_000_000}) // nothing is due at the zero time
		if err != nil {
			wrong("list: %w", err)
		}
		for _, m := range page {
			memories[m.Key] = m
		}
		removed, _, err := s.Removed(ctx, store.RemovedQuery{Tenant: tenant, Limit: 1_000_000})
		if err != nil {
			wrong("removed: %w", err)
		}
		for _, m := range removed {
			restorable[m.Memory.Key] = m
		}
		superseded, err := s.AllSuperseded(ctx, tenant, sigil.ID{}, 1_000_000)
		if err != nil {
			wrong("superseded: %w", err)
		}
		for _, m := range superseded {
			if restorable[m.Memory.Key], err = s.Superseded(ctx, m.Memory.Key, false); err != nil {
				wrong("superseded %s: %w", m.Memory.Key, err)
			}
		}
		registered, _, err := s.Signatures(ctx, store.SignatureQuery{Tenant: tenant, Limit: 1_000_000})
		if err != nil {
			wrong("signatures: %w", err)
		}
		signatures = append(signatures, registered...)
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	for n, e := range kept {
		if wasErased(&e, last) {
			wrong("%s is there, and was erased", n)
		}
	}
	for _, e := range r.acked[:acked] {
		if wasErased(&e, last) {
			continue
		}
		there := recovered[e.Position]
		if e.Position == 0 {
			there = kept[name(&e)]
		}
		if !reflect.DeepEqual(there, e) {
			wrong("acknowledged: %+v; there is: %+v", e, there)
		}
	}
	attempted := map[string]bool{}
	for g := range r.groups {
		there, gone := 0, 0
		for i := range g.events {
			n := name(&g.events[i])
			attempted[n] = true
			if wasErased(&g.events[i], last) {
				gone++
			} else if e, ok := kept[n]; ok {
				there++
				if !reflect.DeepEqual(e, g.events[i]) {
					wrong("attempted: %+v; there is: %+v", g.events[i], e)
				}
			}
		}
		if there != 0 && there+gone != len(g.events) {
			wrong("torn: %d of %d events: %v", there, len(g.events), g.events)
		}
	}
	for n := range kept {
		if !attempted[n] {
			wrong("%s was not attempted", n)
		}
	}
	for key, m := range memories {
		was, ok := r.memories[key]
		if !ok {
			wrong("%s was not attempted", key)
		}
		if m.AccessCount > r.recalls[key] {
			wrong("%s was recalled %d times and says %d", key, r.recalls[key], m.AccessCount)
		}
		r.checkTags(&m, was.Tags, amended, wrong)
		was.Meta, was.Tags = m.Meta, m.Tags // that is what check compares with the journal
		unlink(&was, last)
		if !reflect.DeepEqual(m, was) {
			wrong("%s holds %+v and was %+v", key, m, was)
		}
	}
	r.checkRemoved(restorable, last, wrong)
	r.checkSignatures(signatures, kept, wrong)
	r.checkSearch(s, memories, wrong)
	lastAnswers := map[string]answered{} // by tenant and key, of inserted items
	dropped := map[string]bool{}         // the key had an answer that was erased
	for _, a := range r.answers {
		encoded := sigil.Event{Kind: sigil.Encoded, Time: a.memory.CreatedAt, Memory: a.memory}
		id := a.tenant + " " + a.key
		dropped[id] = dropped[id] || wasErased(&encoded, last)
		if _, inserted := kept[name(&encoded)]; inserted && a.ends.After(lastAnswers[id].ends) {
			lastAnswers[id] = a
		}
	}
	for id, a := range lastAnswers {
		if dropped[id] {
			continue
		}
		got, ok, err := s.Answer(a.tenant, a.key)
		if err != nil || a.ends.After(r.pruned) && (!ok || got.Memory != a.memory) {
			wrong("the answer under %s is %+v (%w) and should be %+v", a.key, got.Memory, err, a.memory)
		}
	}
	return errors.Join(problems...)
}

// checkRemoved checks that what can be restored, or is superseded, is what the last entry of the journal about a memory removed, with its content,
// and that nothing of that is missing which was not purged.
//
// +checklocks:r.mu
func (r *recorder) checkRemoved(there map[sigil.Key]store.Removed, last map[sigil.Key]sigil.Event, wrong func(format string, args ...any)) {
	for key, e := range last {
		newest := e // of its chain, whose fate it has
		for newest.Kind == sigil.Corrected {
			newest = last[sigil.Key{Tenant: key.Tenant, ID: newest.SupersededBy}]
		}
		gone := newest.Kind.Removes() && newest.Time.Before(r.purged)
		if _, ok := there[key]; store.KeepsRemoved(e.Kind) && !ok && !gone {
			wrong("%s was %s and cannot be restored", key, e.Kind)
		}
	}
	for key, m := range there {
		e, was := last[key], r.memories[key]
		was.Meta, was.Tags = e.Memory, m.Memory.Tags
		if was.FadesAt.Before(m.Memory.FadesAt) && store.EndByClock(&was.Meta) { // its ttl ended while its clock stood still, before the store's deadline
			was.FadesAt = m.Memory.FadesAt
		}
		unlink(&was, last)
		if m.Removal != store.RemovalOf(&e) || !reflect.DeepEqual(m.Memory, was) {
			wrong("%s can be restored as %+v and was %+v, by %+v", key, m, was, e)
		}
	}
}

// wasErased reports whether the memory of e was erased after it.
func wasErased(e *sigil.Event, last map[sigil.Key]sigil.Event) bool {
	return e.Kind != sigil.Erased && last[e.Memory.Key].Kind == sigil.Erased
}

// unlink leaves out what m supersedes if that was erased since.
func unlink(m *sigil.Memory, last map[sigil.Key]sigil.Event) {
	if last[sigil.Key{Tenant: m.Tenant, ID: m.Supersedes}].Kind == sigil.Erased {
		m.Supersedes = sigil.ID{}
	}
}

// checkSignatures compares the signatures that are there with the journal, by name of its entries, and with what was
// attempted.
//
// +checklocks:r.mu
func (r *recorder) checkSignatures(there []sigil.Signature, journal map[string]sigil.Event, wrong func(format string, args ...any)) {
	entries := 0
	for _, s := range there {
		key := sigil.Key{Tenant: s.Tenant, ID: s.ID}
		of := sigil.Event{Kind: sigil.Signed, Time: s.RegisteredAt, Memory: sigil.Meta{Key: sigil.Key{Tenant: s.Tenant}}, Signature: &s.SignatureRef}
		entries++
		if _, ok := journal[name(&of)]; !ok {
			wrong("signature %s was registered at %v, which the journal does not have", key, s.RegisteredAt)
		}
		if !s.RevokedAt.IsZero() {
			of.Kind, of.Time = sigil.Revoked, s.RevokedAt
			entries++
			if _, ok := journal[name(&of)]; !ok || !r.reasons[key][s.Reason] {
				wrong("signature %s was revoked at %v (%s), which the journal does not have, or nobody asked for", key, s.RevokedAt, s.Reason)
			}
		}
		s.RevokedAt, s.Reason = time.Time{}, ""
		if !slices.ContainsFunc(r.signatures[key], func(attempted sigil.Signature) bool { return reflect.DeepEqual(attempted, s) }) {
			wrong("signature %s was not attempted: %+v", key, s)
		}
	}
	for _, e := range journal {
		if e.Signature != nil {
			entries--
		}
	}
	if entries != 0 {
		wrong("the signatures that are there have %d entries more than the journal", entries)
	}
}

// checkTags checks that m has the tags that it got: those of its encode, or those that it had after the last event with which it was amended.
//
// +checklocks:r.mu
func (r *recorder) checkTags(m *sigil.Memory, first []string, amended map[sigil.Key]string, wrong func(format string, args ...any)) {
	attempted := [][]string{first}
	if last, ok := amended[m.Key]; ok {
		attempted = r.tags[last]
	}
	if !slices.ContainsFunc(attempted, func(tags []string) bool { return slices.Equal(tags, m.Tags) }) {
		wrong("%s has the tags %v, and the journal has it get %v", m.Key, m.Tags, attempted)
	}
}

// checkClocks compares the clocks of tenants with those that were attempted: none is older than the one that was acknowledged last before the cut, by set.
func (r *recorder) checkClocks(s *pebblestore.Store, set map[string]int) error {
	all, err := s.TenantClocks(context.Background())
	if err != nil {
		return err
	}
	kept := map[string]store.TenantClock{}
	for _, c := range all {
		kept[c.Tenant] = c
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, tenant := range owners {
		c, there := kept[tenant]
		if oldest := max(set[tenant], 1) - 1; there && !slices.Contains(r.clocks[tenant][oldest:], c) || !there && set[tenant] > 0 {
			return fmt.Errorf("the clock of %s is %+v (%v), and was not so since the last acknowledged one", tenant, c, there)
		}
	}
	return nil
}
