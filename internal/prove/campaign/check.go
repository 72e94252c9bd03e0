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
	// Crashed is when the daemon was killed since the last check, or zero if it was not. Recalls answered shortly
	// before may be lost.
	Crashed time.Time
	// Whole reads the journal from its beginning, not from where the last check ended.
	Whole bool
}

// listed is a memory as a list showed it.
type listed struct {
	view     client.Memory
	from, to time.Time // when the page was asked for, and had come
}

// Check compares everything the daemon at addr has with what was requested and acknowledged. It looks for unanswered
// requests, whose outcome is then known. No request may be in progress; sweeps may.
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
	ends := map[string]time.Time{} // when the last page of a tenant had come
	for i, c := range clients {
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
		if n > before.Memories || n < after.Memories { // some may fade in between, none may appear
			l.violate("%s counts %d memories, then %d, and lists %d between", l.tenants[i], before.Memories, after.Memories, n)
		}
		if l.Quota > 0 && before.Memories > l.Quota {
			l.violate("%s has %d memories over a limit of %d", l.tenants[i], before.Memories, l.Quota)
		}
	}
	journaled := r.patterns()
	crystals, err := patternCrystals(ctx, clients)
	if err != nil {
		return fmt.Errorf("listing crystals: %w", err)
	}
	// What happened while the lists were read: only sweeps run.
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
	l.compareStrangers(there, ends, r)
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

// pattern names a pattern of a tenant.
type pattern struct {
	tenant string
	group  int
}

// patternCrystals lists the patterns that have a crystal, each as often as it has one.
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

// compareCrystals compares the crystals of patterns with those whose coming was journaled before and
// after they were listed. None goes. mu is held.
func (l *Ledger) compareCrystals(list []pattern, before, after map[pattern]bool) {
	there := map[pattern]bool{}
	for _, p := range list {
		switch {
		case there[p]:
			l.violation("%s has two crystals of pattern %d", p.tenant, p.group)
		case !after[p]:
			l.violation("%s has a crystal of pattern %d that no journal entry tells of", p.tenant, p.group)
		}
		there[p] = true
	}
	for p := range before {
		if !there[p] {
			l.violation("lost: %s has no crystal of pattern %d, and the journal tells of it", p.tenant, p.group)
		}
	}
}

// compareListed judges a memory that is there. mu is held.
func (l *Ledger) compareListed(id sigil.ID, m *listed, r *replay, crashed time.Time) {
	e := l.entryOf(&m.view)
	if e == nil {
		l.violation("invented: %s/%s has %.100q, which nobody sent", m.view.Tenant, id, m.view.Data)
		return
	}
	l.sameContent(e, &m.view)
	switch {
	case e.fate == refused:
		l.violation("invented: %s was refused, and is there as %s", e.name(), id)
		return
	case e.fate == absent:
		l.violation("came back: %s was not there before, and is now as %s", e.name(), id)
		return
	case e.fate == kept && e.id != id:
		l.violation("kept twice: %s is there as %s too", e.name(), id)
		return
	case e.forgotten:
		l.violation("came back: %s was forgotten", e.name())
		return
	case e.gone:
		l.violation("came back: %s was gone", e.name())
		return
	case !e.end.IsZero() && m.from.After(e.end.Add(slack)):
		l.violation("listed past its end: %s ended at %s", e.name(), e.end)
	}
	if e.fate == asked {
		e.half(foundHalf)
		l.found(e, &m.view)
	}
	l.compareFigures(e, m, crashed)

	switch life := r.memories[id]; {
	case life == nil:
		l.violation("%s is there, and no journal entry tells of it", e.name())
	case life.pinned != m.view.Pinned:
		l.violation("%s is pinned: %v; by the journal: %v", e.name(), m.view.Pinned, life.pinned)
	case life.strong != m.view.Crystallized:
		l.violation("half an encode: %s is crystallized: %v; by the journal: %v", e.name(), m.view.Crystallized, life.strong)
	case life.ended != "" && life.at.Before(m.from.Add(-slack)):
		l.violation("%s is listed, and was %s by the journal at %s", e.name(), life.ended, life.at)
	}
	e.forgetAsked = false // if it was, in vain
	e.pinned, e.pinOpen = m.view.Pinned, false
	e.adoptRecalls(m.view.AccessCount, m.from, !crashed.IsZero())
}

// adoptRecalls takes n recalls, read at a time, as known. If the process was started anew after a crash, it read them
// from disk; otherwise the latest may be only in its memory, and a crash may still undo them.
func (e *Entry) adoptRecalls(n uint64, read time.Time, fromDisk bool) {
	var open []time.Time
	if !fromDisk {
		for _, at := range e.recallsAnswered {
			if at.After(read.Add(-refreshLoss)) {
				open = append(open, at)
			}
		}
		for range int(n-e.recalls) - len(e.recallsAnswered) { // done, and not answered: the time is unknown
			open = append(open, read)
		}
	}
	e.recalls, e.recallsAsked, e.recallsAnswered = n-uint64(len(open)), uint64(len(open)), open
}

// compareFigures judges whether it is pinned, its recalls and its time. mu is held.
func (l *Ledger) compareFigures(e *Entry, m *listed, crashed time.Time) {
	if !e.pinOpen && e.pinned != m.view.Pinned {
		l.violation("%s is pinned: %v; acknowledged was %v", e.name(), m.view.Pinned, e.pinned)
	}
	if !m.view.CreatedAt.Equal(e.created) {
		l.violation("%s was created at %s, and now at %s", e.name(), e.created, m.view.CreatedAt)
	}
	least := e.recalls
	for _, at := range e.recallsAnswered {
		if crashed.IsZero() || at.Before(crashed.Add(-refreshLoss)) {
			least++
		}
	}
	if n := m.view.AccessCount; n < least || n > e.recalls+e.recallsAsked {
		l.violation("%s has %d recalls; at least %d were answered in time, %d asked for", e.name(), n, least, e.recalls+e.recallsAsked)
	}
}

// entryOf finds the attempt by its content. mu is held.
func (l *Ledger) entryOf(v *client.Memory) *Entry {
	var content struct {
		N *int `json:"n"`
	}
	if json.Unmarshal(v.Data, &content) != nil || content.N == nil || *content.N < 0 || *content.N >= len(l.entries) {
		return nil
	}
	return l.entries[*content.N]
}

// compareGone judges the attempts that are not there. mu is held.
func (l *Ledger) compareGone(there map[sigil.ID]*listed, ends map[string]time.Time, r *replay) {
	for _, e := range l.entries {
		if e.fate == asked {
			e.half(absentHalf)
			e.fate = absent
		}
		if e.fate != kept || e.gone || there[e.id] != nil {
			continue
		}
		switch life := r.memories[e.id]; {
		case life == nil:
			l.violation("lost: %s, and its journal entry", e.name())
		case life.ended == "":
			if e.end.IsZero() || ends[e.Tenant].Before(e.end.Add(-slack)) {
				l.violation("lost: %s; by the journal it lives", e.name())
			}
		case life.ended == sigil.Forgotten && !e.forgetAsked:
			l.violation("forgotten unasked: %s", e.name())
		case life.ended != sigil.Forgotten && e.forgotten:
			l.violation("%s was forgotten; the journal says %s", e.name(), life.ended)
		case life.ended == sigil.Faded && (e.end.IsZero() || life.at.Before(e.end)):
			l.violation("lost: %s faded at %s before its end", e.name(), life.at)
		case life.ended == sigil.Evicted && l.Quota == 0:
			l.violation("lost: %s was evicted without a limit", e.name())
		case life.ended == sigil.Evicted && (e.pinned && !e.pinOpen || life.first.Crystallized):
			l.violation("lost: %s was evicted, though pinned or crystallized", e.name())
		}
		e.gone = true
	}
}

// What a check can find of a batch that had no answer.
const (
	foundHalf = 1 << iota
	absentHalf
)

// half notes what was found of e's batch. What has a ttl may have come and gone.
func (e *Entry) half(what int) {
	if e.batch != nil && e.Draft.TTL == 0 {
		e.batch.halves |= what
	}
}

// compareHalves checks the batches that had no answer: one commit is visible as a whole or not at all. (If there is no
// space for all, each memory has its own commit.) mu is held.
func (l *Ledger) compareHalves() {
	for _, e := range l.entries {
		if e.batch == nil {
			continue
		}
		if e.batch.halves == foundHalf|absentHalf && l.Quota == 0 && !l.tight {
			l.violation("half a batch: of the %d of n=%d some are there, some not", len(e.batch.entries), e.batch.entries[0].serial)
		}
		e.batch.halves = 0
	}
}

// alike is what the journal tells of an encode that an attempt can be told by.
type alike struct {
	tenant string
	size   int
	ttl    string
	pinned bool
}

// compareStrangers judges the memories in the journal that are neither there nor known by their id:
// each must be one of the attempts that had no answer, and have ended since. mu is held.
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
			l.violation("invented: the journal tells of %s/%s, which nobody asked for", m.tenant, id)
		}
		if m.ended == "" && (m.fades == nil || ends[m.tenant].Before(m.fades.Add(-slack))) {
			l.violation("lost: %s/%s, which had no answer, lives by the journal and is not there", m.tenant, id)
		}
	}
}
