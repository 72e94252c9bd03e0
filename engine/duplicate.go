package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// duplicate is an item that is not to be stored while its content is.
type duplicate struct {
	item  store.Item
	place int      // its index in the results
	of    sigil.ID // the memory that has its content, or the zero id if that is not known
}

// apart takes out of items those that are not to be stored if an earlier item is: they have the same content. rest are the
// others, and at their indexes in items, or nil if these are the same.
func apart(items []store.Item) (rest []store.Item, at []int, later []duplicate) {
	if len(items) == 1 || !anyUnique(items) {
		return items, nil, nil
	}
	seen := make(map[sigil.Hash]bool, len(items))
	for i := range items {
		if items[i].OnDuplicate.Unique() && seen[items[i].Memory.Hash] {
			later = append(later, duplicate{item: items[i], place: i})
			continue
		}
		seen[items[i].Memory.Hash] = true
		rest, at = append(rest, items[i]), append(at, i)
	}
	if later == nil {
		return items, nil, nil
	}
	return rest, at, later
}

func anyUnique(items []store.Item) bool {
	for i := range items {
		if items[i].OnDuplicate.Unique() {
			return true
		}
	}
	return false
}

// duplicate does with d what its draft chose. If the memory that has its content is gone by then, d is stored.
func (e *Engine) duplicate(ctx context.Context, tenant string, d duplicate) Result {
	for {
		if d.of != (sigil.ID{}) {
			if d.item.OnDuplicate == sigil.Reject {
				e.observer.Duplicate(sigil.Reject)
				return Result{Err: sigil.NewDuplicate(d.of)}
			}
			r := e.reinforce(ctx, tenant, &d)
			if !errors.Is(r.Err, sigil.ErrNotFound) {
				return r
			}
			d.item.Events = nil
			e.create(&d.item) // anew: judged by the time before, the memory that is gone would still be live
		}
		items := []store.Item{d.item}
		inserted, err := e.store.Insert(ctx, tenant, items, e.Settings().Quota, e.evict)
		if err != nil {
			return Result{Err: wrap(err)}
		}
		for i := range inserted.Evicted {
			e.observer.Released(inserted.Evicted[i].Reason, 1)
		}
		if answer, ok := inserted.Answers[0]; ok {
			return repeated(&d.item, &answer)
		}
		if d.of = inserted.Duplicates[0]; d.of == (sigil.ID{}) {
			e.embedded(items)
			return Result{Memory: answerOf(&d.item)}
		}
	}
}

// reinforce recalls the memory that has the content of d, and adds the tags of d to it. The error is [sigil.ErrNotFound] if
// the memory is gone.
func (e *Engine) reinforce(ctx context.Context, tenant string, d *duplicate) Result {
	begin := time.Now()
	tagged := false
	amended, err := e.store.Amend(ctx, store.Amendment{
		Key: sigil.Key{Tenant: tenant, ID: d.of}, Idempotency: d.item.Idempotency, At: d.item.Memory.CreatedAt,
	}, func(m *sigil.Memory) (*sigil.Event, error) {
		tagged = false
		if _, err := e.touched(&m.Meta); err != nil {
			return nil, err
		}
		tags := united(m.Tags, d.item.Memory.Tags)
		if len(tags) == len(m.Tags) {
			return nil, nil
		}
		if len(tags) > e.limits.Tags {
			return nil, sigil.NewTooLarge("too_many_tags", "tags", fmt.Sprintf("would give the memory that has this content more than %d tags", e.limits.Tags))
		}
		m.Tags, tagged = tags, true
		return &sigil.Event{Time: m.LastAccessed, Kind: sigil.Tagged, Reason: sigil.ReasonRequest, Memory: m.Meta}, nil
	})
	if err != nil {
		return Result{Err: wrap(err)}
	}
	if amended.Answer != nil {
		return repeated(&d.item, amended.Answer)
	}
	if by := e.embeds(); by != nil && tagged { // tags are part of the text that the vector was made of
		by.Add(amended.Memory.Key)
	}
	e.observer.Duplicate(sigil.Reinforce)
	e.observer.Did("recall", 1, time.Since(begin), nil)
	if w := e.recalled.Load(); w != nil {
		(*w).Recalled(amended.Memory.Meta)
	}
	return reinforced(amended.Memory, d.item.Idempotency.Similar)
}

// reinforced returns the result of an encode that reinforced m and asked for similar ones, unless similar is nil.
func reinforced(m sigil.Memory, similar *sigil.Similar) Result {
	m.DuplicateOf, m.Similar = m.ID, similar.Without(m.ID)
	return Result{Memory: m}
}

// united returns tags and those of more that are not among them. It does not change tags.
func united(tags, more []string) []string {
	all := tags[:len(tags):len(tags)]
	for _, tag := range more {
		if !slices.Contains(all, tag) {
			all = append(all, tag)
		}
	}
	return all
}
