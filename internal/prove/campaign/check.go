package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// Checking selects what to compare.
type Checking struct {
	// Crashed is the time at which the daemon was killed since the last check, or zero if it was not. Recalls
	// answered shortly before may be lost.
	Crashed time.Time
	// Whole reads the journal from its beginning, and not from where the last check ended.
	Whole bool
}

// listed is a memory from a list.
type listed struct {
	view     client.Memory
	from, to time.Time // when the page was requested, and when it had arrived
}

// Check compares everything that the daemon at addr has with what was requested and acknowledged, and what a
// search finds with that. It also looks for unanswered requests, whose outcome is known after that. No request may be in progress; sweeps
// may.
//
// An error means that the check could not be completed. Its findings are in [Ledger.Violations].
func (l *Ledger) Check(ctx context.Context, addr string, o Checking) error {
	clients, done, err := dial(addr, l.tenants)
	if err != nil {
		return err
	}
	defer done()
	r := l.replay
	if r == nil || o.Whole {
		r = newReplay()
	}
	l.mu.Lock()
	seen := l.journal.last
	l.mu.Unlock()
	if err := l.follow(ctx, clients, r); err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	if r.position < seen {
		l.violate("the journal ends at %d; readers were shown entry %d", r.position, seen)
	}
	there := map[sigil.ID]*listed{}
	ends := map[string]time.Time{} // when the last page of a tenant had arrived
	restamped := map[string]string{}
	for i, c := range clients {
		if restamped[l.tenants[i]], err = l.checkPolicy(ctx, c, l.tenants[i]); err != nil {
			return err
		}
		before, err := c.Stats(ctx)
		if err != nil {
			return fmt.Errorf("counting: %w", err)
		}
		n, err := l.list(ctx, c, l.tenants[i], there)
		if err != nil {
			return fmt.Errorf("listing: %w", err)
		}
		ends[l.tenants[i]] = time.Now()
		after, err := c.Stats(ctx)
		if err != nil {
			return fmt.Errorf("counting: %w", err)
		}
		if n > before.Memories || n < after.Memories { // some may fade in between, but none may appear
			l.violate("%s counts %d memories, then %d, and lists %d between", l.tenants[i], before.Memories, after.Memories, n)
		}
		if l.Quota > 0 && before.Memories > l.Quota {
			l.violate("%s has %d memories over a limit of %d", l.tenants[i], before.Memories, l.Quota)
		}
	}
	searched := map[string]found{}
	for i, c := range clients {
		if searched[l.tenants[i]], err = l.searchAll(ctx, c, l.tenants[i]); err != nil {
			return fmt.Errorf("searching: %w", err)
		}
	}
	if err := l.askChains(ctx, clients); err != nil {
		return fmt.Errorf("asking for corrected memories: %w", err)
	}
	journaled := r.patterns()
	crystals, err := patternCrystals(ctx, clients)
	if err != nil {
		return fmt.Errorf("listing crystals: %w", err)
	}
	signatures, err := l.listCode(ctx, clients)
	if err != nil {
		return fmt.Errorf("listing signatures: %w", err)
	}
	// Read the entries since the lists: only sweeps are running.
	if err := l.follow(ctx, clients, r); err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replay = r
	l.compareCrystals(crystals, journaled, r.patterns())
	for id, m := range there {
		l.compareListed(id, m, r, o.Crashed)
	}
	l.compareGone(there, ends, r)
	l.compareHalves()
	l.compareChains(there, r)
	l.comparePolicies(there, restamped)
	l.compareStrangers(there, ends, r)
	l.compareCode(signatures, r)
	l.compareFound(searched, there, r)
	l.verified += len(there)
	return nil
}

// dial returns a client for each tenant.
func dial(addr string, tenants []string) (clients []*client.Client, done func(), err error) {
	h := newHTTP()
	for _, tenant := range tenants {
		c, err := client.New(addr, &client.Options{Tenant: tenant, HTTPClient: h})
		if err != nil {
			return nil, nil, err
		}
		clients = append(clients, c)
	}
	return clients, h.CloseIdleConnections, nil
}

// list adds all memories of a tenant to there, and counts them.
func (l *Ledger) list(ctx context.Context, c *client.Client, tenant string, there map[sigil.ID]*listed) (n int, err error) {
	var last string
	for cursor := ""; ; {
		from := time.Now()
		page, err := c.List(ctx, client.ListQuery{Limit: 1000, Cursor: cursor})
		if err != nil {
			return n, err
		}
		to := time.Now()
		for _, v := range page.Memories {
			id := v.ID.String()
			if last != "" && id >= last {
				l.violate("the list of %s has %s after %s", tenant, id, last)
			}
			last = id
			there[v.ID] = &listed{v, from, to}
			n++
		}
		if page.Next == nil {
			return n, nil
		}
		cursor = *page.Next
	}
}

// pattern is a pattern of a tenant.
type pattern struct {
	tenant string
	group  int
}

// patternCrystals lists the patterns that have a crystal, once for each crystal.
func patternCrystals(ctx context.Context, clients []*client.Client) (list []pattern, err error) {
	for _, c := range clients {
		for v, err := range c.AllCrystals(ctx, client.CrystalQuery{Kind: sigil.CrystalOfPattern, Limit: 1000}) {
			if err != nil {
				return nil, err
			}
			list = append(list, pattern{v.Tenant, v.Pattern})
		}
	}
	return list, nil
}

// compareCrystals compares the crystals of patterns with those that were journaled before and after they were
// listed. No crystal may be missing. mu is held.
func (l *Ledger) compareCrystals(list []pattern, before, after map[pattern]bool) {
	there := map[pattern]bool{}
	for _, p := range list {
		switch {
		case there[p]:
			l.violation("%s has two crystals of pattern %d", p.tenant, p.group)
		case !after[p]:
			l.violation("%s has a crystal of pattern %d without a journal entry", p.tenant, p.group)
		}
		there[p] = true
	}
	for p := range before {
		if !there[p] {
			l.violation("lost: %s has no crystal of pattern %d, which is in the journal", p.tenant, p.group)
		}
	}
}

// compareListed checks a memory that exists. mu is held.
func (l *Ledger) compareListed(id sigil.ID, m *listed, r *replay, crashed time.Time) {
	e := l.entryOf(&m.view)
	if e == nil {
		l.violation("invented: %s/%s has %.100q, which nobody sent", m.view.Tenant, id, m.view.Data)
		return
	}
	l.sameContent(e, &m.view)
	switch {
	case e.fate == refused:
		l.violation("invented: %s was refused, but exists as %s", e.name(), id)
		return
	case e.fate == absent:
		l.violation("came back: %s did not exist before, but exists now as %s", e.name(), id)
		return
	case e.fate == kept && e.id != id:
		l.violation("kept twice: %s also exists as %s", e.name(), id)
		return
	case e.forgotten:
		l.violation("came back: %s was %s", e.name(), e.altered.ended)
		return
	case e.gone:
		l.violation("came back: %s was gone", e.name())
		return
	}
	if e.fate == asked {
		e.half(foundHalf)
		l.found(e, &m.view)
	}
	l.settleFigures(e, &m.view)
	if end, _ := e.ends(); !end.IsZero() && m.from.After(end.Add(slack)) {
		l.violation("listed past its end: %s ended at %s", e.name(), end)
	}
	l.compareFigures(e, m, crashed)

	switch life := r.memories[id]; {
	case life == nil:
		l.violation("%s exists without a journal entry", e.name())
	case life.pinned != m.view.Pinned:
		l.violation("%s is pinned: %v; according to the journal: %v", e.name(), m.view.Pinned, life.pinned)
	case life.strong != m.view.Crystallized:
		l.violation("half an encode: %s is crystallized: %v; according to the journal: %v", e.name(), m.view.Crystallized, life.strong)
	case life.ended != "" && life.at.Before(m.from.Add(-slack)):
		l.violation("%s is listed, but was %s at %s according to the journal", e.name(), life.ended, life.at)
	}
	e.forgetAsked, e.altered.eraseAsked = false, false // if it was requested, it had no effect
	e.pinned, e.pinOpen = m.view.Pinned, false
	e.adoptRecalls(m.view.AccessCount, m.from, !crashed.IsZero())
}

// adoptRecalls takes n recalls, read at a time, as known. If the process was started after a crash, it read
// them from disk. Otherwise, the latest may be only in its memory, and a crash may still undo them.
func (e *Entry) adoptRecalls(n uint64, read time.Time, fromDisk bool) {
	var open []time.Time
	if !fromDisk {
		for _, at := range e.recallsAnswered {
			if at.After(read.Add(-refreshLoss)) {
				open = append(open, at)
			}
		}
		for range int(n-e.recalls) - len(e.recallsAnswered) { // carried out but not answered: the time is unknown
			open = append(open, read)
		}
	}
	e.recalls, e.recallsAsked, e.recallsAnswered = n-uint64(len(open)), uint64(len(open)), open
}

// compareFigures checks whether the memory is pinned, its recalls and its times. mu is held.
func (l *Ledger) compareFigures(e *Entry, m *listed, crashed time.Time) {
	if !e.pinOpen && e.pinned != m.view.Pinned {
		l.violation("%s is pinned: %v; acknowledged was %v", e.name(), m.view.Pinned, e.pinned)
	}
	if !m.view.CreatedAt.Equal(e.created) {
		l.violation("%s was created at %s, but now at %s", e.name(), e.created, m.view.CreatedAt)
	}
	least := e.recalls
	for _, at := range e.recallsAnswered {
		if crashed.IsZero() || at.Before(crashed.Add(-refreshLoss)) {
			least++
		}
	}
	if n := m.view.AccessCount; n < least || n > e.recalls+e.recallsAsked {
		l.violation("%s has %d recalls; at least %d were answered in time, %d were requested", e.name(), n, least, e.recalls+e.recallsAsked)
	}
}

// entryOf finds the attempt with the memory's content. mu is held.
func (l *Ledger) entryOf(v *client.Memory) *Entry {
	var content struct {
		N *int `json:"n"`
	}
	if json.Unmarshal(v.Data, &content) != nil || content.N == nil || *content.N < 0 || *content.N >= len(l.entries) {
		return nil
	}
	return l.entries[*content.N]
}

// compareGone checks the attempts whose memories do not exist. mu is held.
func (l *Ledger) compareGone(there map[sigil.ID]*listed, ends map[string]time.Time, r *replay) {
	for _, e := range l.entries {
		if e.fate == asked {
			e.half(absentHalf)
			e.fate = absent
		}
		if e.fate != kept || e.gone || there[e.id] != nil {
			continue
		}
		end, _ := e.ends()
		switch life := r.memories[e.id]; {
		case life == nil:
			l.violation("lost: %s, and its journal entry", e.name())
		case life.ended == "":
			if end.IsZero() || ends[e.Tenant].Before(end.Add(-slack)) {
				l.violation("lost: %s; it lives according to the journal", e.name())
			}
		case life.ended == sigil.Forgotten && !e.forgetAsked:
			l.violation("forgotten without a request: %s", e.name())
		case !e.mayEnd(life.ended):
			l.violation("the journal has that %s was %s; requested was that: %v, acknowledged %q", e.name(), life.ended, e.forgetAsked, e.altered.ended)
		case life.ended == sigil.Faded && (end.IsZero() || life.at.Before(end)):
			l.violation("lost: %s faded at %s before its end", e.name(), life.at)
		case life.ended == sigil.Evicted && l.Quota == 0:
			l.violation("lost: %s was evicted without a limit", e.name())
		case life.ended == sigil.Evicted && (e.pinned && !e.pinOpen || life.first.Crystallized):
			l.violation("lost: %s was evicted, though pinned or crystallized", e.name())
		}
		e.gone = true
	}
}

// The results of a check for an unanswered batch.
const (
	foundHalf = 1 << iota
	absentHalf
)

// half records what was found of e's batch. A memory with a ttl may have existed and be gone.
func (e *Entry) half(what int) {
	if e.batch != nil && e.Draft.TTL == 0 {
		e.batch.halves |= what
	}
}

// compareHalves checks the unanswered batches: one commit must be visible as a whole or not at all. (If there
// is no space for all, each memory has its own commit.) mu is held.
func (l *Ledger) compareHalves() {
	for _, e := range l.entries {
		if e.batch == nil {
			continue
		}
		if e.batch.halves == foundHalf|absentHalf && l.Quota == 0 && !l.tight {
			l.violation("half a batch: of the %d of n=%d, some exist and some do not", len(e.batch.entries), e.batch.entries[0].serial)
		}
		e.batch.halves = 0
	}
}

// alike has what a journal entry of an encode and an attempt have in common.
type alike struct {
	tenant string
	size   int
	ttl    string
	pinned bool
}

// compareStrangers checks the memories in the journal that neither exist nor have a known id: each must
// belong to an unanswered attempt, and have ended since. mu is held.
func (l *Ledger) compareStrangers(there map[sigil.ID]*listed, ends map[string]time.Time, r *replay) {
	attempts := map[alike]int{}
	for _, e := range l.entries {
		if e.fate == absent {
			a := alike{e.Tenant, len(e.Draft.Data), "", e.Draft.Pinned}
			if e.Draft.TTL > 0 {
				a.ttl = sigil.FormatDuration(e.Draft.TTL)
			}
			attempts[a]++
		}
	}
	var ids []sigil.ID
	for id := range r.memories {
		if l.byID[id] == nil && there[id] == nil {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b sigil.ID) int { return slices.Compare(a[:], b[:]) })
	for _, id := range ids {
		m := r.memories[id]
		a := alike{m.tenant, m.first.Size, "", m.first.Pinned}
		if m.first.TTL != nil {
			a.ttl = *m.first.TTL
		}
		if attempts[a]--; attempts[a] < 0 {
			l.violation("invented: the journal has %s/%s, which was never requested", m.tenant, id)
		}
		if m.ended == "" && (m.fades == nil || ends[m.tenant].Before(m.fades.Add(-slack))) {
			l.violation("lost: %s/%s, which was not answered, lives according to the journal but does not exist", m.tenant, id)
		}
	}
}
