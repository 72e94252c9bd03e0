package engine

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Correct encodes d as a memory that supersedes the one at key, and returns it. In the same commit, the old one leaves all reads,
// searches and counts. It is kept as a version, with its content, as long as the new one lives or can be restored: [Engine.History]
// has the chain. Of a chain, the newest [Limits.Versions] of those are kept: a correction drops those before them for good. When Correct returns without an error, all of this is durable. It works whether removed memories can be
// restored or not: see [Undo].
//
// What d does not say is as it was with the old memory: its tags if d.Tags is nil, its state if d.State is nil, its pin, the end
// of its ttl, its own policy, and how slowly it decays, by a life and by what recalls have made of it. Its recalls, its age and its idleness
// begin anew. The old memory makes room in the quota, and is never evicted for the new one.
//
// The old memory counts as a duplicate like any other. With [sigil.Keep], content that is there already, in the old memory or in
// another, is encoded all the same. With [sigil.Reject] it is [sigil.ErrConflict] ("duplicate"), and nothing changes.
// [sigil.Reinforce] is [sigil.ErrInvalid] ("invalid_on_duplicate"): a correction is always a memory of its own.
//
// For a memory that does not exist, or is past its deadline, the error is [sigil.ErrNotFound]; for one that is superseded already,
// [sigil.ErrConflict] ("superseded"), which names the memory that did. Of concurrent corrections of one memory, one is made. With the
// idempotency key of an earlier call, the first answer is returned as for Encode.
func (e *Engine) Correct(ctx context.Context, key sigil.Key, d sigil.Draft) (m sigil.Memory, err error) {
	defer e.observe("correct", 1)(&err)
	if err := sigil.CheckTenant(key.Tenant); err != nil {
		return m, err
	}
	if d.OnDuplicate == sigil.Reinforce {
		return m, sigil.NewInvalid("invalid_on_duplicate", "onDuplicate", `must be "keep" or "reject": a correction is a memory of its own, and reinforces none`)
	}
	var prepared store.Item
	prepared.Memory.Supersedes = key.ID
	if err := e.prepare(key.Tenant, &d, &prepared); err != nil {
		return m, err
	}
	e.use(ctx, key.Tenant)
	items := []store.Item{prepared}
	if err := e.lookAround(ctx, key.Tenant, items); err != nil {
		return m, err
	}
	for {
		item := items[0]
		from, err := e.predecessor(ctx, key)
		if err != nil {
			return m, err
		}
		e.succeed(&item, &d, &from)
		item.Correct = func(old *sigil.Memory) (sigil.Event, error) {
			now := e.now()
			switch {
			case old.Due(now):
				return sigil.Event{}, sigil.NewNotFound()
			case !slices.Equal(old.Tags, from.Tags) || old.Pinned != from.Pinned || old.TTL != from.TTL || old.Stretch != from.Stretch:
				return sigil.Event{}, errChanged
			}
			return sigil.Event{Time: now, Kind: sigil.Corrected, Reason: sigil.ReasonRequest, Memory: old.Meta, SupersededBy: item.Memory.ID}, nil
		}
		var results [1]Result
		err = e.insert(ctx, key.Tenant, []store.Item{item}, results[:])
		if errors.Is(err, errChanged) {
			continue
		}
		if errors.Is(err, sigil.ErrFull) { // room is of no use to what is not there, and a driver may look for it first
			if _, missing := e.store.Meta(ctx, key, e.now()); errors.Is(missing, sigil.ErrNotFound) {
				err = missing
			}
		}
		if err != nil {
			return m, e.gone(ctx, key, sigil.ErrConflict, err)
		}
		if results[0].Err == nil {
			e.shorten(ctx, results[0].Memory.Key)
		}
		return results[0].Memory, results[0].Err
	}
}

// errChanged means that a memory was changed since it was read.
var errChanged = errors.New("engine: the memory was changed in the meantime")

// predecessor returns the memory that is to be corrected, live or superseded, or none.
func (e *Engine) predecessor(ctx context.Context, key sigil.Key) (sigil.Memory, error) {
	m, err := e.store.Get(ctx, key, e.now())
	if errors.Is(err, sigil.ErrNotFound) {
		// A repeated request: its answer has the tags and the state that the memory had when it was corrected.
		var r store.Removed
		r, err = e.store.Superseded(ctx, key, true)
		m = r.Memory
	}
	if err != nil && !errors.Is(err, sigil.ErrNotFound) {
		return m, wrap(err)
	}
	return m, nil
}

// succeed sets what d, of which the item was prepared, does not say to what old had, and then what [Engine.create] sets.
func (e *Engine) succeed(item *store.Item, d *sigil.Draft, old *sigil.Memory) {
	m := &item.Memory
	if d.Tags == nil {
		m.Tags = old.Tags
	}
	if d.State == nil && old.Hash != (sigil.Hash{}) {
		m.State, m.Potential = old.State, old.Potential
		m.Crystallized = m.Potential > sigil.CrystallizeAbove
	}
	m.Pinned = m.Pinned || old.Pinned
	if d.Policy == nil && old.OwnPolicy {
		m.Policy, m.OwnPolicy = old.Policy, true
	}
	m.Policy = e.policyFor(&m.Meta)
	switch {
	case item.Life != 0:
		m.Stretch = stretchFor(m.Policy, item.Life)
	case d.Policy == nil:
		m.Stretch = old.Stretch
	}
	now := e.now()
	if d.TTL == 0 && old.TTL != 0 {
		// The end stays where it was. If it is past, the store refuses the correction.
		m.TTL = max(old.CreatedAt.Add(old.TTL).Sub(now), time.Millisecond)
	}
	begin(item, now)
}

// gone returns err, which a verb got for the memory at key. If that is not there since it is superseded, the error is of a kind, and
// says so.
func (e *Engine) gone(ctx context.Context, key sigil.Key, kind, err error) error {
	if sigil.CodeOf(err) == "not_found" {
		if r, failed := e.store.Superseded(ctx, key, true); failed == nil {
			return sigil.NewSuperseded(kind, r.SupersededBy)
		}
	}
	return wrap(err)
}

// Version is one memory of a chain of corrections, as it is, or as it was when it was superseded.
type Version struct {
	Memory sigil.Memory
	// Superseded is how it was, with SupersededBy. It is nil for the newest version, which is live.
	Superseded *store.Removal
}

// HistoryQuery selects a page of versions. The zero value is the first page.
type HistoryQuery struct {
	Limit  int    // 0 means 100
	Cursor string // [HistoryPage.Next] of the page before
	NoData bool   // the data of every memory is nil
}

// HistoryPage is a page of versions, the newest first.
type HistoryPage struct {
	Versions []Version
	// Next is the cursor of the next page, or empty if this is the last one.
	Next string
}

// History returns the chain of corrections that the memory at key belongs to, live or superseded: the live memory, what it superseded, and
// so on. A memory that neither corrects another nor was corrected is the only one of its chain. Nothing is refreshed. A page with
// [Limits.PageBytes] of data ends there, with a cursor. The cost is that of the versions returned, and of one look at the ids of all.
//
// If the newest version is not live, the error is [sigil.ErrNotFound]: what was forgotten, or has faded, has no history
// until it is restored.
func (e *Engine) History(ctx context.Context, key sigil.Key, q HistoryQuery) (page HistoryPage, err error) {
	defer e.observe("history", 1)(&err)
	if err := sigil.CheckTenant(key.Tenant); err != nil {
		return page, err
	}
	e.use(ctx, key.Tenant)
	limit, err := e.limit(q.Limit)
	if err != nil {
		return page, err
	}
	after, err := decodeVersion(q.Cursor)
	if err != nil {
		return page, err
	}
	ids, newest, err := e.chain(ctx, key)
	if err != nil {
		return page, err
	}
	next := 0
	if q.Cursor != "" {
		if next = slices.Index(ids, after) + 1; next == 0 {
			return page, nil // it was dropped in the meantime, with those before it
		}
	}
	var bytes int64 // of data
	for ; next < len(ids); next++ {
		if n := len(page.Versions); n == limit || n > 0 && bytes >= e.limits.PageBytes {
			page.Next = encodeVersion(ids[next-1])
			break
		}
		version := Version{Memory: newest}
		if next > 0 {
			r, err := e.store.Superseded(ctx, sigil.Key{Tenant: key.Tenant, ID: ids[next]}, q.NoData)
			if errors.Is(err, sigil.ErrNotFound) {
				break // it was erased in the meantime
			}
			if err != nil {
				return page, wrap(err)
			}
			version = Version{Memory: r.Memory, Superseded: &r.Removal}
		}
		if q.NoData {
			version.Memory.Data = nil
		}
		bytes += int64(len(version.Memory.Data))
		page.Versions = append(page.Versions, version)
	}
	return page, nil
}

// chain returns the ids of the chain that the memory at key belongs to, the newest first, and the newest memory, which is live.
func (e *Engine) chain(ctx context.Context, key sigil.Key) ([]sigil.ID, sigil.Memory, error) {
	for {
		ids, err := e.store.Chain(ctx, key)
		if err != nil {
			return nil, sigil.Memory{}, wrap(err)
		}
		newest := sigil.Key{Tenant: key.Tenant, ID: ids[0]}
		m, err := e.store.Get(ctx, newest, e.now())
		if errors.Is(err, sigil.ErrNotFound) {
			if _, failed := e.store.Superseded(ctx, newest, true); failed == nil {
				continue // it was corrected in the meantime
			}
		}
		return ids, m, wrap(err)
	}
}

// shorten drops what is over the limit of the chain that the memory at key belongs to. If that fails, the next correction does it.
func (e *Engine) shorten(ctx context.Context, key sigil.Key) {
	if ids, err := e.store.Chain(ctx, key); err == nil && len(ids) > 1+e.limits.Versions {
		_, _ = e.store.DropOlder(ctx, sigil.Key{Tenant: key.Tenant, ID: ids[e.limits.Versions]})
	}
}

// historyVersion is the version byte of a cursor of versions, before the id of the last one.
const historyVersion = 4

func encodeVersion(id sigil.ID) string {
	return base64.RawURLEncoding.EncodeToString(append([]byte{historyVersion}, id[:]...))
}

func decodeVersion(s string) (id sigil.ID, err error) {
	if s == "" {
		return id, nil
	}
	if b, err := base64.RawURLEncoding.DecodeString(s); err == nil && len(b) == 1+len(id) {
		copy(id[:], b[1:])
	}
	if encodeVersion(id) != s {
		return sigil.ID{}, invalidCursor()
	}
	return id, nil
}
