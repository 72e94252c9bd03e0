package engine

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Correct encodes d as a memory that supersedes the one at key, and returns it. In the same commit, the old one leaves all reads,
// searches and counts. It is kept as a version, with its content, as long as the new one lives or can be restored: [Engine.History]
// has the chain. When Correct returns without an error, all of this is durable. It works whether removed memories can be
// restored or not: see [Undo].
//
// What d does not say is as for [Engine.Encode], except that the tags are those of the old memory if d.Tags is nil. Nothing else is
// inherited: neither a pin, nor a ttl, nor recalls. The old memory makes room in the quota, and is never evicted for the new one.
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
	e.useNew(ctx, key.Tenant)
	items := []store.Item{prepared}
	if err := e.lookAround(ctx, key.Tenant, items); err != nil {
		return m, err
	}
	for {
		item := items[0]
		if d.Tags == nil {
			if item.Memory.Tags, err = e.tagsOf(ctx, key); err != nil {
				return m, err
			}
		}
		e.create(&item)
		item.Correct = func(old *sigil.Memory) (sigil.Event, error) {
			now := e.now()
			switch {
			case old.Due(now):
				return sigil.Event{}, sigil.NewNotFound()
			case d.Tags == nil && !slices.Equal(old.Tags, item.Memory.Tags):
				return sigil.Event{}, errRetagged
			}
			return sigil.Event{Time: now, Kind: sigil.Corrected, Reason: sigil.ReasonRequest, Memory: old.Meta, SupersededBy: item.Memory.ID}, nil
		}
		var results [1]Result
		err = e.insert(ctx, key.Tenant, []store.Item{item}, results[:])
		if errors.Is(err, errRetagged) {
			continue
		}
		if err != nil {
			return m, e.gone(ctx, key, sigil.ErrConflict, err)
		}
		return results[0].Memory, results[0].Err
	}
}

// errRetagged means that a memory got other tags since they were read.
var errRetagged = errors.New("engine: the memory has other tags by now")

// tagsOf returns the tags of a memory, live or superseded, or nil if there is none.
func (e *Engine) tagsOf(ctx context.Context, key sigil.Key) ([]string, error) {
	m, err := e.store.Get(ctx, key, e.now())
	if errors.Is(err, sigil.ErrNotFound) {
		// A repeated request: its answer has the tags that the memory had when it was corrected.
		var r store.Removed
		r, err = e.store.Superseded(ctx, key, true)
		m = r.Memory
	}
	if err != nil && !errors.Is(err, sigil.ErrNotFound) {
		return nil, wrap(err)
	}
	return m.Tags, nil
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
// [Limits.PageBytes] of data ends there, with a cursor. The cost grows with the number of versions up to the last one returned.
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
	newest, err := e.newest(ctx, key)
	if err != nil {
		return page, err
	}
	version := Version{Memory: newest}
	var bytes int64 // of data
	for skip := after != (sigil.ID{}); ; {
		if !skip {
			if n := len(page.Versions); n == limit || n > 0 && bytes >= e.limits.PageBytes {
				page.Next = encodeVersion(page.Versions[n-1].Memory.ID)
				return page, nil
			}
			if q.NoData {
				version.Memory.Data = nil
			}
			bytes += int64(len(version.Memory.Data))
			page.Versions = append(page.Versions, version)
		}
		skip = skip && version.Memory.ID != after
		old := sigil.Key{Tenant: key.Tenant, ID: version.Memory.Supersedes}
		if old.ID == (sigil.ID{}) {
			return page, nil
		}
		r, err := e.store.Superseded(ctx, old, q.NoData || skip)
		if errors.Is(err, sigil.ErrNotFound) {
			return page, nil // it was erased in the meantime
		}
		if err != nil {
			return page, wrap(err)
		}
		version = Version{Memory: r.Memory, Superseded: &r.Removal}
	}
}

// newest returns the live memory of the chain that the memory at key belongs to.
func (e *Engine) newest(ctx context.Context, key sigil.Key) (sigil.Memory, error) {
	for {
		m, err := e.store.Get(ctx, key, e.now())
		if err == nil {
			return m, nil
		}
		if !errors.Is(err, sigil.ErrNotFound) {
			return m, wrap(err)
		}
		r, err := e.store.Superseded(ctx, key, true)
		if err != nil {
			return m, wrap(err)
		}
		key.ID = r.SupersededBy
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
