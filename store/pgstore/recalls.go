package pgstore

import (
	"context"
	"encoding/base64"
	"strings"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/wake"
)

const (
	// recallsEvery is the minimum time between two notifications of recalls, and between two reads of memories
	// that were recalled elsewhere.
	recallsEvery = 200 * time.Millisecond
	// maxOfTenant is the maximum number of a tenant's memories that are kept at once, and maxNamed that of all
	// tenants. Of further ones, only the fact that there are more is reported.
	maxOfTenant = 1_000
	maxNamed    = 20_000
	// tellBytes is the approximate size at which a notification ends; the rest waits for the next one.
	tellBytes = 64 << 10
	// maxPayload is the maximum length of a notification in bytes. The server's limit is 8,000 bytes.
	maxPayload = 7_999
	// turnOf is the maximum number of a tenant's memories that are sent before the next tenant's turn.
	turnOf = 100
	// readStep is the maximum number of memories recalled elsewhere that are read at once.
	readStep = 1_000
)

// OnRecall implements [store.Shared]. A recall is reported when it is written, at most a second late.
func (s *Store) OnRecall(w store.RecallWatcher) { s.watcher.Store(&w) }

// recalled collects memories that were recalled, each once, until they are taken. The zero value is ready.
type recalled struct {
	mu sync.Mutex
	// +checklocks:mu
	tenants map[string]*recalledOf
	// +checklocks:mu
	turns []*recalledOf // the tenants in the order of their turns
	// +checklocks:mu
	count int // number of ids, of all tenants

	came wake.Signal // fires when there is something to take
}

// recalledOf has the recalled memories of one tenant.
type recalledOf struct {
	tenant string
	ids    map[sigil.ID]struct{}
	more   bool // further memories were recalled
}

// named is a list of one tenant's memories that were recalled.
type named struct {
	tenant string
	ids    []sigil.ID
	more   bool // further memories were recalled
}

// add adds memories of a tenant. more means that further ones were recalled.
func (r *recalled) add(tenant string, more bool, ids ...sigil.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.tenants[tenant]
	if of == nil {
		of = &recalledOf{tenant: tenant, ids: map[sigil.ID]struct{}{}}
		if r.tenants == nil {
			r.tenants = map[string]*recalledOf{}
		}
		r.tenants[tenant] = of
		r.turns = append(r.turns, of)
	}
	of.more = of.more || more
	for _, id := range ids {
		if _, known := of.ids[id]; known {
			continue
		}
		if len(of.ids) >= maxOfTenant || r.count >= maxNamed {
			of.more = true
			continue
		}
		of.ids[id] = struct{}{}
		r.count++
	}
	r.came.Fire()
}

// take removes and returns at most n memories of the tenant whose turn it is. The tenant's others wait for
// its next turn.
func (r *recalled) take(n int) (t named, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.turns) == 0 {
		return t, false
	}
	of := r.turns[0]
	r.turns = r.turns[1:]
	t.tenant, t.more, of.more = of.tenant, of.more, false
	for id := range of.ids {
		if len(t.ids) == n {
			break
		}
		t.ids = append(t.ids, id)
		delete(of.ids, id)
	}
	r.count -= len(t.ids)
	if len(of.ids) > 0 {
		r.turns = append(r.turns, of)
	} else {
		delete(r.tenants, of.tenant)
	}
	return t, true
}

// payloads removes and returns the next notifications to send. Each has the process in its first line, then a
// line for each tenant, "NAME IDS", or "NAME+ IDS" if there were further recalls. It returns nil if there is
// nothing to send.
func (r *recalled) payloads(process [16]byte) (all []string) {
	var b strings.Builder
	for told := 0; told < tellBytes; {
		t, ok := r.take(turnOf)
		if !ok {
			break
		}
		line := t.line()
		if b.Len()+len(line) > maxPayload {
			all = append(all, b.String())
			b.Reset()
		}
		if b.Len() == 0 {
			b.WriteString(base64.RawURLEncoding.EncodeToString(process[:]))
		}
		b.WriteString(line)
		told += len(line)
	}
	if b.Len() > 0 {
		all = append(all, b.String())
	}
	return all
}

func (t *named) line() string {
	more := ""
	if t.more {
		more = "+" // a tenant's name contains no "+"
	}
	ids := make([]byte, 0, len(t.ids)*len(sigil.ID{}))
	for _, id := range t.ids {
		ids = append(ids, id[:]...)
	}
	return "\n" + t.tenant + more + " " + base64.RawURLEncoding.EncodeToString(ids)
}

// parseRecalled decodes a payload. It ignores what it does not understand, since anyone who may connect to
// the database can notify.
func parseRecalled(payload string) (process string, all []named) {
	process, lines, _ := strings.Cut(payload, "\n")
	for line := range strings.SplitSeq(lines, "\n") {
		tenant, text, _ := strings.Cut(line, " ")
		ids, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil || len(ids)%len(sigil.ID{}) != 0 {
			continue
		}
		var t named
		if t.tenant, t.more = strings.CutSuffix(tenant, "+"); sigil.CheckTenant(t.tenant) != nil {
			continue
		}
		for ; len(ids) > 0; ids = ids[len(sigil.ID{}):] {
			t.ids = append(t.ids, sigil.ID(ids[:len(sigil.ID{})]))
		}
		all = append(all, t)
	}
	return process, all
}

// tellRecalls notifies other processes of recalls in this one, until ctx ends. It does so separately from the
// commits that write refreshes, and rarely: a notification takes a lock that all notifying commits share.
func (s *Store) tellRecalls(ctx context.Context) {
	var payloads []string
	for {
		came := s.told.came.Wait()
		if payloads == nil {
			payloads = s.told.payloads(s.process)
		}
		if payloads == nil {
			select {
			case <-came:
				continue
			case <-ctx.Done():
				return
			}
		}
		bounded, cancel := s.bounded(ctx)
		if s.send(bounded, recallChannel, payloads...) == nil {
			payloads = nil // otherwise they are sent again
		}
		cancel()
		select {
		case <-ctx.Done():
			return
		case <-time.After(recallsEvery):
		}
	}
}

// heardOf handles a notification of another process, if a watcher is interested.
func (s *Store) heardOf(payload string) {
	w := s.watcher.Load()
	if w == nil {
		return
	}
	process, all := parseRecalled(payload)
	if process == base64.RawURLEncoding.EncodeToString(s.process[:]) {
		return
	}
	for _, t := range all {
		if (*w).RecallsWatched(t.tenant) {
			s.elsewhere.add(t.tenant, t.more, t.ids...)
		}
	}
}

// hearRecalls reads memories that other processes recalled and passes them to the watcher, until ctx ends.
func (s *Store) hearRecalls(ctx context.Context) {
	for {
		came, heard := s.elsewhere.came.Wait(), false
		for t, ok := s.elsewhere.take(readStep); ok && ctx.Err() == nil; t, ok = s.elsewhere.take(readStep) {
			s.tellWatcher(ctx, t)
			heard = true
		}
		if heard {
			select {
			case <-ctx.Done():
			case <-time.After(recallsEvery):
			}
		}
		select {
		case <-came:
		case <-ctx.Done():
			return
		}
	}
}

// tellWatcher passes memories of a tenant to the watcher, in their current state.
func (s *Store) tellWatcher(ctx context.Context, t named) {
	w := *s.watcher.Load()
	metas, err := s.readRecalled(ctx, t)
	for i := range metas {
		w.Recalled(metas[i])
	}
	if t.more || err != nil {
		w.RecalledMore(t.tenant)
	}
}

// readRecalled returns the memories that are live.
func (s *Store) readRecalled(ctx context.Context, t named) ([]sigil.Meta, error) {
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	behind, ids := make(map[sigil.ID]refresh, len(t.ids)), make([][16]byte, len(t.ids))
	for i, id := range t.ids {
		behind[id], ids[i] = s.refreshes.of(sigil.Key{Tenant: t.tenant, ID: id}), id
	}
	rows, err := s.query(bounded, scanMeta, "select "+metaColumns+" from sigil.memories where tenant = $1 and id = any($2)", t.tenant, ids)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	metas := make([]sigil.Meta, 0, len(rows))
	for _, r := range rows {
		if m := s.refreshes.over(r, behind[r.ID]).Meta; !m.Due(now) {
			metas = append(metas, m)
		}
	}
	return metas, nil
}
