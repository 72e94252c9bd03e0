package engine_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

func on(duplicate sigil.OnDuplicate, tags ...string) func(d *sigil.Draft) {
	return func(d *sigil.Draft) { d.OnDuplicate, d.Tags = duplicate, tags }
}

func TestKeepNamesTheOldestDuplicate(t *testing.T) {
	r := newRig(t, engine.Options{})
	first := r.encode(`{"a":1,"b":[2]}`, nil)
	same(t, "the first's duplicate", first.DuplicateOf, sigil.ID{})
	second := r.encode(` {"b":[2],"a":1.0}`, on(sigil.Keep)) // the canonical form is the same
	same(t, "the second's duplicate", second.DuplicateOf, first.ID)
	same(t, "reinforced", second.Reinforced(), false)
	same(t, "the third's duplicate", r.encode(`{"a":1,"b":[2]}`, nil).DuplicateOf, first.ID)
	same(t, "memories", r.live(), 3)
	peeked, err := r.Peek(r.ctx(), second.Key)
	r.ok("peek", err)
	same(t, "a peek's duplicate", peeked.DuplicateOf, sigil.ID{})
	other, err := r.Encode(r.ctx(), "other", draft(`{"a":1,"b":[2]}`, nil))
	r.ok("encode", err)
	same(t, "another tenant's duplicate", other.DuplicateOf, sigil.ID{})
}

func TestReinforceRecallsWhatIsThere(t *testing.T) {
	r := newRig(t, engine.Options{})
	first := r.encode(`"tea"`, func(d *sigil.Draft) { d.Tags, d.TTL = []string{"a", "b"}, time.Hour })
	r.clock.set(time.Minute)
	got := r.encode(`"tea"`, func(d *sigil.Draft) {
		d.OnDuplicate, d.Tags, d.Pinned, d.TTL, d.State = sigil.Reinforce, []string{"b", "c"}, true, time.Second, &strong
	})
	want := first
	want.AccessCount, want.Tags, want.DuplicateOf = 1, []string{"a", "b", "c"}, first.ID
	want.Touch(want.Policy, start.Add(time.Minute))
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	same(t, "reinforced", got.Reinforced(), true)
	if kinds := r.kinds(); !slices.Equal(kinds, []string{"encoded request", "tagged request"}) {
		t.Errorf("journal: %v", kinds)
	}
	r.encode(`"tea"`, on(sigil.Reinforce, "a")) // no new tag: a recall, which leaves no entry
	same(t, "journal entries", len(r.events()), 2)
	same(t, "recalls", r.recall(first.Key).AccessCount, 3)
}

func TestReinforceEncodesWhatIsNotThere(t *testing.T) {
	r := newRig(t, engine.Options{})
	first := r.encode(`"tea"`, on(sigil.Reinforce, "a"))
	same(t, "duplicate", first.DuplicateOf, sigil.ID{})
	r.clock.set(95 * time.Second) // it is due, and not swept
	second := r.encode(`"tea"`, on(sigil.Reinforce))
	if second.ID == first.ID || second.AccessCount != 0 {
		t.Errorf("what was past its deadline came back: %+v", second)
	}
	r.ok("forget", r.Forget(r.ctx(), second.Key))
	third := r.encode(`"tea"`, on(sigil.Reject))
	same(t, "after a forget", third.DuplicateOf, sigil.ID{})
}

func TestReinforceRefusesTooManyTags(t *testing.T) {
	r := newRig(t, engine.Options{Limits: engine.Limits{Tags: 2}})
	first := r.encode(`"tea"`, on(sigil.Keep, "a", "b"))
	_, err := r.Encode(r.ctx(), sigil.DefaultTenant, draft(`"tea"`, on(sigil.Reinforce, "b", "c")))
	if !errors.Is(err, sigil.ErrTooLarge) || sigil.CodeOf(err) != "too_many_tags" {
		t.Errorf("got %v", err)
	}
	got, err := r.Peek(r.ctx(), first.Key)
	r.ok("peek", err)
	if !reflect.DeepEqual(got, first) {
		t.Errorf("changed to %+v", got)
	}
}

func TestRejectNamesWhatIsThere(t *testing.T) {
	r := newRig(t, engine.Options{})
	first := r.encode(`"tea"`, on(sigil.Reject))
	_, err := r.Encode(r.ctx(), sigil.DefaultTenant, draft(`"tea"`, on(sigil.Reject)))
	var refused *sigil.Error
	if !errors.As(err, &refused) || !errors.Is(err, sigil.ErrConflict) || refused.Code != "duplicate" || refused.Duplicate != first.ID {
		t.Errorf("got %v, want a conflict that names %s", err, first.ID)
	}
	same(t, "journal entries", len(r.events()), 1)
	_, err = r.Encode(r.ctx(), sigil.DefaultTenant, draft(`"tea"`, on("sometimes")))
	same(t, "code", sigil.CodeOf(err), "invalid_on_duplicate")
}

// A hundred concurrent encodes of one content leave one memory. Each of them encoded it or recalled it.
func TestReinforceAtOnce(t *testing.T) {
	for _, before := range []int{0, 1} {
		r := newRig(t, engine.Options{})
		for range before {
			r.encode(`"tea"`, nil)
		}
		var all sync.WaitGroup
		var encoded atomic.Int64
		ids := make([]sigil.ID, 100)
		for i := range ids {
			all.Go(func() {
				m, err := r.Encode(r.ctx(), sigil.DefaultTenant, draft(`"tea"`, on(sigil.Reinforce, fmt.Sprint(i%3))))
				if err != nil {
					t.Error(err)
				}
				if !m.Reinforced() {
					encoded.Add(1)
				}
				ids[i] = m.ID
			})
		}
		all.Wait()
		same(t, "encoded", int(encoded.Load()), 1-before)
		same(t, "memories", r.live(), 1)
		same(t, "ids", len(slices.Compact(ids)), 1)
		m, err := r.Peek(r.ctx(), sigil.Key{Tenant: sigil.DefaultTenant, ID: ids[0]})
		r.ok("peek", err)
		same(t, "recalls", int(m.AccessCount), 99+before)
		slices.Sort(m.Tags)
		if !slices.Equal(m.Tags, []string{"0", "1", "2"}) {
			t.Errorf("tags: %v", m.Tags)
		}
	}
}

func TestABatchIsInOrder(t *testing.T) {
	observer := &recorder{}
	r := newRig(t, engine.Options{Observer: observer})
	old := r.encode(`"old"`, nil)
	results, err := r.EncodeBatch(r.ctx(), sigil.DefaultTenant, []sigil.Draft{
		draft(`"new"`, on(sigil.Reject)),
		draft(`"old"`, on(sigil.Reinforce)),
		draft(`"new"`, on(sigil.Reinforce, "x")),
		draft(`"old"`, on(sigil.Reject)),
		draft(`"new"`, nil),
		draft(`"old"`, nil),
		draft(`"other"`, on(sigil.Reject)),
	})
	r.ok("batch", err)
	fresh := results[0].Memory.ID
	same(t, "0", results[0].Memory.DuplicateOf, sigil.ID{})
	same(t, "1", results[1].Memory.ID, old.ID)
	same(t, "2", results[2].Memory.ID, fresh)
	same(t, "2's tags", fmt.Sprint(results[2].Memory.Tags), "[x]")
	same(t, "3", sigil.CodeOf(results[3].Err), "duplicate")
	same(t, "4", results[4].Memory.DuplicateOf, fresh)
	same(t, "5", results[5].Memory.DuplicateOf, old.ID)
	same(t, "6", results[6].Memory.DuplicateOf, sigil.ID{})
	same(t, "encodes reported", observer.did[len(observer.did)-1], "encode 4 ")
	same(t, "memories", r.live(), 5)
}

// If a batch is refused as a whole and then encoded one by one, nothing is recalled twice.
func TestABatchOverTheQuotaRecallsOnce(t *testing.T) {
	r := newRig(t, engine.Options{})
	old := r.encode(`"old"`, func(d *sigil.Draft) { d.Pinned = true })
	settings := r.Settings()
	settings.Quota.Memories = 2
	r.Configure(settings)
	results, err := r.EncodeBatch(r.ctx(), sigil.DefaultTenant, []sigil.Draft{
		draft(`"old"`, on(sigil.Reinforce)),
		draft(`"a"`, func(d *sigil.Draft) { d.Pinned = true }),
		draft(`"b"`, func(d *sigil.Draft) { d.Pinned = true }),
	})
	r.ok("batch", err)
	same(t, "recalls", int(results[0].Memory.AccessCount), 1)
	same(t, "the third", sigil.CodeOf(results[2].Err), "quota_full")
	same(t, "recalls in the end", int(r.recall(old.Key).AccessCount), 2)
}

func TestARepeatedEncodeSaysTheSameAboutDuplicates(t *testing.T) {
	for _, choice := range []sigil.OnDuplicate{sigil.Keep, sigil.Reinforce} {
		r := newRig(t, engine.Options{})
		old := r.encode(`[1.0]`, on(sigil.Keep, "a"))
		r.clock.set(time.Minute)
		keyed := func(d *sigil.Draft) { d.OnDuplicate, d.IdempotencyKey, d.Tags = choice, "k", []string{"b"} }
		first := r.encode(`[1]`, keyed)
		same(t, "duplicate", first.DuplicateOf, old.ID)
		r.recall(old.Key)
		if again := r.encode(`[1]`, keyed); !reflect.DeepEqual(again, first) {
			t.Errorf("%s: got %+v, want %+v", choice, again, first)
		}
		r.ok("forget", r.Forget(r.ctx(), old.Key))
		if again := r.encode(`[1]`, keyed); !reflect.DeepEqual(again, first) {
			t.Errorf("%s, after the duplicate is gone: got %+v, want %+v", choice, again, first)
		}
		_, err := r.Encode(r.ctx(), sigil.DefaultTenant, draft(`[1]`, func(d *sigil.Draft) { keyed(d); d.OnDuplicate = sigil.Reject }))
		same(t, "with another choice", sigil.CodeOf(err), "idempotency_mismatch")
	}
}
