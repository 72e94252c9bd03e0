package engine

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Undo is how long, and how many, memories that faded, were evicted or forgotten can be restored. The zero value turns that
// off: what was kept before is dropped by the next sweeps. The store must have been opened to keep them.
type Undo struct {
	// Window is how long after its removal a memory can be restored; 0 means not at all.
	Window time.Duration
	// Keep bounds the removed memories of each tenant; 0 means no bound. A sweep drops those that were removed first.
	Keep store.Quota
}

// DefaultUndo returns 24 hours, and for each tenant 10,000 memories with 64 MiB of data.
func DefaultUndo() Undo {
	return Undo{Window: 24 * time.Hour, Keep: store.Quota{Memories: 10_000, Bytes: 64 << 20}}
}

// Removed is a memory that was removed, as it was before that, and how it was removed.
type Removed struct {
	store.Removed
	// Until is the time from which on it cannot be restored. It may be dropped earlier: see [Undo].
	Until time.Time
}

// RemovedQuery selects a page of removed memories. The zero value is the first page.
type RemovedQuery struct {
	Limit  int    // 0 means 100
	Cursor string // [RemovedPage.Next] of the page before
	NoData bool   // the data of every memory is nil
}

// RemovedPage is a page of removed memories.
type RemovedPage struct {
	Removed []Removed
	// Next is the cursor of the next page, or empty if this is the last one.
	Next string
}

// Removed lists the memories of a tenant that were removed and can be restored, the one removed last first. A page with
// [Limits.PageBytes] of data ends there, with a cursor. A memory past its deadline is listed once a sweep has released it.
// While nothing can be restored, the error is [sigil.ErrConflict] ("undo_off").
func (e *Engine) Removed(ctx context.Context, tenant string, q RemovedQuery) (page RemovedPage, err error) {
	defer e.observe("removed", 1)(&err)
	window, err := e.window(tenant)
	if err != nil {
		return page, err
	}
	e.use(ctx, tenant)
	find := store.RemovedQuery{Tenant: tenant, Bytes: e.limits.PageBytes, NoData: q.NoData, Since: e.now().Add(time.Millisecond - window)}
	if find.Limit, err = e.limit(q.Limit); err != nil {
		return page, err
	}
	if find.Before, find.BeforeAt, err = decodeRemoved(q.Cursor); err != nil {
		return page, err
	}
	found, more, err := e.store.Removed(ctx, find)
	if err != nil {
		return page, wrap(err)
	}
	for _, r := range found {
		page.Removed = append(page.Removed, Removed{r, r.At.Add(window)})
	}
	if more {
		last := &found[len(found)-1]
		page.Next = encodeRemoved(last.Memory.ID, last.At)
	}
	return page, nil
}

// window returns how long memories of a tenant can be restored.
func (e *Engine) window(tenant string) (time.Duration, error) {
	if err := sigil.CheckTenant(tenant); err != nil {
		return 0, err
	}
	window := e.Settings().Undo.Window
	if window <= 0 {
		return 0, &sigil.Error{Kind: sigil.ErrConflict, Code: "undo_off", Detail: "removed memories are not kept here (--undo 0), so that none can be restored"}
	}
	return window, nil
}

// Restore brings a memory back that faded, was evicted or was forgotten, with its id, content, tags, crystal and recalls. Its idleness
// starts anew under the current policy, as with a recall. If its ttl has ended, it has none from then on. The change is durable when
// Restore returns.
//
// A memory that superseded others comes back with its history. One that is superseded is never restored by itself, which is
// [sigil.ErrConflict] ("superseded"): to bring its content back, correct the memory that took its place.
//
// If the memory is live, the error is [sigil.ErrConflict] ("not_removed"); if it was never encoded, was erased, or its time is over,
// [sigil.ErrNotFound] ("not_restorable"); if the tenant would be over its quota, [sigil.ErrFull] ("quota_full"): nothing
// is evicted for it. While nothing can be restored, it is [sigil.ErrConflict] ("undo_off").
func (e *Engine) Restore(ctx context.Context, key sigil.Key) (m sigil.Memory, err error) {
	defer e.observe("restore", 1)(&err)
	results, err := e.restore(ctx, key.Tenant, []sigil.ID{key.ID}, always)
	if err != nil {
		return m, err
	}
	return results[0].Memory, results[0].Err
}

// RestoreMany restores memories of a tenant and returns a result for each id, in order; see [Engine.Restore]. The data of
// the memories is nil. They come back in commits of 512: once the tenant's quota has no room for one of those, it has an
// error, and so have all that follow. If err is not nil, some may be restored.
func (e *Engine) RestoreMany(ctx context.Context, tenant string, ids []sigil.ID) (results []Result, err error) {
	defer e.observe("restore", len(ids))(&err)
	if len(ids) > e.limits.Batch {
		return nil, sigil.NewTooLarge("batch_too_large", "ids", "names too many memories")
	}
	return e.restore(ctx, tenant, ids, always)
}

// RestoreSpan restores the memories that a tenant's journal entries removed whose positions are over from and at most to. It
// returns a result for each of these memories, in the order of the entries, with its key even if it could not be restored; see
// [Engine.RestoreMany]. A memory that was removed again after to cannot be restored by this span.
//
// It looks at most at [Limits.Batch] removals. next is the position up to which it has looked: if it is less than to, the
// caller continues from there. If entries after from were dropped, the error is [sigil.ErrGone].
func (e *Engine) RestoreSpan(ctx context.Context, tenant string, from, to uint64) (results []Result, next uint64, err error) {
	defer func(begin time.Time) { e.observer.Did("restore", len(results), time.Since(begin), err) }(time.Now())
	if _, err := e.window(tenant); err != nil {
		return nil, from, err
	}
	if from > to {
		return nil, from, sigil.NewInvalid("invalid_span", "from", "must not be over the end of the span")
	}
	ids, next, err := e.removedIn(ctx, tenant, from, to)
	if err != nil || len(ids) == 0 {
		return nil, next, wrap(err)
	}
	results, err = e.restore(ctx, tenant, ids, func(r *store.Removal) bool { return from < r.Position && r.Position <= to })
	return results, next, err
}

// removedIn returns the memories that a span of the journal removed, each once, and up to where it has looked.
func (e *Engine) removedIn(ctx context.Context, tenant string, from, to uint64) (ids []sigil.ID, next uint64, err error) {
	seen := map[sigil.ID]bool{}
	for next = from; ; {
		events, err := e.store.Events(ctx, tenant, next, e.limits.Page)
		if err != nil {
			return nil, from, err
		}
		for i := range events {
			if events[i].Position > to {
				return ids, to, nil
			}
			if id := events[i].Memory.ID; events[i].Kind.Removes() && events[i].Kind != sigil.Corrected && !seen[id] {
				if len(ids) == e.limits.Batch {
					return ids, next, nil
				}
				seen[id] = true
				ids = append(ids, id)
			}
			next = events[i].Position
		}
		if len(events) < e.limits.Page {
			return ids, to, nil
		}
	}
}

// always is the span of all removals.
func always(*store.Removal) bool { return true }

// restore restores memories of a tenant whose removals are within a span, and returns a result for each id.
func (e *Engine) restore(ctx context.Context, tenant string, ids []sigil.ID, within func(*store.Removal) bool) ([]Result, error) {
	if _, err := e.window(tenant); err != nil {
		return nil, err
	}
	e.use(ctx, tenant)
	e.changes.Add(uint64(len(ids)))
	results := make([]Result, len(ids))
	var full error
	for from := 0; from < len(ids); from += sweepStep {
		to := min(from+sweepStep, len(ids))
		some, kept := results[from:to], ids[from:to]
		for i, id := range kept {
			some[i] = Result{Memory: sigil.Memory{Meta: sigil.Meta{Key: sigil.Key{Tenant: tenant, ID: id}}}, Err: full}
		}
		if full != nil {
			continue
		}
		back, err := e.restoreSome(ctx, tenant, kept, within)
		switch {
		case sigil.CodeOf(err) == "quota_full":
			full = err
			for i := range some {
				some[i].Err = err
			}
		case err != nil:
			return nil, wrap(err)
		default:
			e.settle(ctx, some, back, len(ids) > 1)
		}
	}
	return results, nil
}

// restoreSome restores memories in one commit. One that is past its deadline, but was not released by a sweep yet, is
// released before that.
func (e *Engine) restoreSome(ctx context.Context, tenant string, ids []sigil.ID, within func(*store.Removal) bool) ([]sigil.Memory, error) {
	due, err := e.certain()
	if err == nil {
		keys := make([]sigil.Key, len(ids))
		for i, id := range ids {
			keys[i] = sigil.Key{Tenant: tenant, ID: id}
		}
		now := e.now()
		faded, err := e.store.Remove(ctx, keys, func(m sigil.Meta) (sigil.Event, bool) {
			return sigil.Event{Time: now, Kind: sigil.Faded, Reason: m.FadeReason(), Memory: m}, m.Due(due)
		})
		if err != nil {
			return nil, err
		}
		for i := range faded {
			e.observer.Released(faded[i].Reason, 1)
		}
	}
	settings := e.Settings()
	return e.store.Restore(ctx, tenant, ids, settings.Quota, func(m *sigil.Meta, r store.Removal) (sigil.Event, bool) {
		now := e.now()
		if !now.Before(r.At.Add(settings.Undo.Window)) || !within(&r) {
			return sigil.Event{}, false
		}
		m.Touch(e.policyFor(m), now)
		if m.Due(now) { // its ttl has ended
			m.TTL = 0
			m.Reschedule()
		}
		return sigil.Event{Time: now, Kind: sigil.Restored, Reason: sigil.ReasonRequest, Memory: *m}, true
	})
}

// settle puts the memories that are back into the results for them, and errors into the others.
func (e *Engine) settle(ctx context.Context, results []Result, back []sigil.Memory, noData bool) {
	var keys []sigil.Key
	at := make(map[sigil.ID]int, len(back))
	for i := range back {
		at[back[i].ID] = i
		keys = append(keys, back[i].Key)
	}
	if by := e.embeds(); by != nil && len(keys) > 0 {
		by.Add(keys...)
	}
	for i := range results {
		r := &results[i]
		if n, ok := at[r.Memory.ID]; ok {
			r.Memory = back[n]
			if noData {
				r.Memory.Data = nil
			}
			continue
		}
		r.Err = newNotRestorable()
		if old, err := e.store.Superseded(ctx, r.Memory.Key, true); err == nil {
			r.Err = sigil.NewSuperseded(sigil.ErrConflict, old.SupersededBy)
		} else if _, err := e.store.Meta(ctx, r.Memory.Key, e.now()); err == nil {
			r.Err = &sigil.Error{Kind: sigil.ErrConflict, Code: "not_removed", Field: "id", Detail: "the memory was not removed, or is restored already"}
		}
	}
}

func newNotRestorable() error {
	return &sigil.Error{
		Kind: sigil.ErrNotFound, Code: "not_restorable", Field: "id",
		Detail: "no such memory can be restored: there was none, it was erased, or its time to be restored is over",
	}
}

// removedVersion is the version byte of a cursor of removed memories, before the time of the last removal and its id.
const removedVersion = 3

func encodeRemoved(id sigil.ID, at time.Time) string {
	b := binary.BigEndian.AppendUint64([]byte{removedVersion}, uint64(at.UnixMilli()))
	return base64.RawURLEncoding.EncodeToString(slices.Concat(b, id[:]))
}

func decodeRemoved(s string) (id sigil.ID, at time.Time, err error) {
	if s == "" {
		return id, at, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil && len(b) == 1+8+len(id) {
		at = time.UnixMilli(int64(binary.BigEndian.Uint64(b[1:]))).UTC()
		copy(id[:], b[9:])
	}
	const years = 1 << 45 // milliseconds: about a thousand
	if encodeRemoved(id, at) != s || at.UnixMilli() < -years || at.UnixMilli() > years {
		return sigil.ID{}, time.Time{}, invalidCursor()
	}
	return id, at, nil
}
