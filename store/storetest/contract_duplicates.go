package storetest

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// same returns an option that sets the content of another memory.
func same(as sigil.Memory) option {
	return func(m *sigil.Memory) { m.Hash, m.Frequency, m.Data, m.Size = as.Hash, as.Frequency, as.Data, as.Size }
}

// unique returns an item that is refused if its content is there.
func unique(m sigil.Memory) store.Item {
	i := item(m)
	i.OnDuplicate = sigil.Reject
	return i
}

// duplicates asserts which duplicates an insert finds.
func (f *fixture) duplicates(what string, want map[int]sigil.ID, items ...store.Item) {
	f.t.Helper()
	inserted, err := f.insertItems(items...)
	f.ok("Insert", err)
	equal(f.t, what, inserted, store.Inserted{Duplicates: want})
}

// tagging returns a change for Amend that recalls a memory and sets its tags.
func tagging(at time.Time, tags ...string) func(*sigil.Memory) (*sigil.Event, error) {
	return func(m *sigil.Memory) (*sigil.Event, error) {
		if m.Due(at) {
			return nil, sigil.NewNotFound()
		}
		m.AccessCount++
		m.Touch(m.Policy, at)
		if slices.Equal(m.Tags, tags) {
			return nil, nil
		}
		m.Tags = tags
		return &sigil.Event{Time: at, Kind: sigil.Tagged, Reason: sigil.ReasonRequest, Memory: m.Meta}, nil
	}
}

var duplicateIdeas = []idea{
	{"the one with the lowest id is named", func(f *fixture) {
		first := f.encode()
		second, third := f.memory(same(first)), f.memory(same(first))
		f.duplicates("the second", map[int]sigil.ID{0: first.ID}, item(second))
		f.duplicates("the third", map[int]sigil.ID{0: first.ID}, item(third))
		f.forget(first.Key)
		f.duplicates("after the first is forgotten", map[int]sigil.ID{0: second.ID}, item(f.memory(same(first))))
		f.forget(third.Key, second.Key)
		f.duplicates("another content", nil, item(f.memory()))
		equal(f.t, "memories", len(f.ids(start)), 2)
	}},
	{"never one of another tenant", func(f *fixture) {
		first := f.encode()
		f.duplicates("of another tenant", nil, item(f.memory(same(first), tenant("other"))))
		f.duplicates("of another tenant, unique", nil, unique(f.memory(same(first), tenant("third"))))
	}},
	{"never one past its deadline, removed or not", func(f *fixture) {
		first := f.encode(fades(time.Minute))
		second := f.encode(same(first), fades(time.Hour))
		at := start.Add(time.Minute)
		f.duplicates("before the deadline", map[int]sigil.ID{0: first.ID}, unique(f.memory(same(first), created(at.Add(-time.Millisecond)))))
		f.duplicates("at the deadline", map[int]sigil.ID{0: second.ID}, unique(f.memory(same(first), created(at))))
		third := f.memory(same(first), created(start.Add(time.Hour)), fades(2*time.Hour))
		f.duplicates("when both are due", nil, unique(third))
		f.forget(first.Key, second.Key)
		f.duplicates("when both are removed", map[int]sigil.ID{0: third.ID}, unique(f.memory(same(first), created(start.Add(time.Hour)))))
	}},
	{"one that was recalled in time still counts", func(f *fixture) {
		first := f.encode()
		_, err := f.recall(first.Key, start.Add(time.Minute))
		f.ok("Update", err)
		f.duplicates("after its first deadline", map[int]sigil.ID{0: first.ID}, unique(f.memory(same(first), created(start.Add(2*time.Minute)))))
	}},
	{"the whole hash counts", func(f *fixture) {
		first := f.encode()
		other := func(m *sigil.Memory) { m.Hash[len(m.Hash)-1] ^= 1 }
		f.duplicates("unique, with another hash", nil, unique(f.memory(same(first), other)))
		f.duplicates("with another hash", map[int]sigil.ID{0: first.ID}, item(f.memory(same(first))))
		f.forget(first.Key)
		third := f.list(store.Query{Tenant: first.Tenant, Now: start})[0]
		f.duplicates("after the first is forgotten", map[int]sigil.ID{0: third.ID}, unique(f.memory(same(first))))
	}},
	{"within one call the first is named", func(f *fixture) {
		a := f.memory()
		f.duplicates("in one call", map[int]sigil.ID{2: a.ID, 3: a.ID}, item(a), item(f.memory()), item(f.memory(same(a))), item(f.memory(same(a))))
		f.duplicates("in the next", map[int]sigil.ID{0: a.ID, 2: a.ID}, item(f.memory(same(a))), item(f.memory()), item(f.memory(same(a))))
	}},
	{"a unique item with a duplicate stops all of its call", func(f *fixture) {
		first, second := f.encode(), f.encode()
		before := f.stats(first.Tenant, start)
		items := []store.Item{item(f.memory()), unique(f.memory(same(second))), unique(f.memory()), unique(f.memory(same(first)))}
		inserted, err := f.Insert(f.ctx(), first.Tenant, items, store.Quota{Memories: 2}, evicted(start))
		f.ok("Insert", err)
		equal(f.t, "inserted", inserted, store.Inserted{Duplicates: map[int]sigil.ID{1: second.ID, 3: first.ID}})
		equal(f.t, "refused", inserted.Refused(items), true)
		equal(f.t, "stats", f.stats(first.Tenant, start), before)
		f.duplicates("the others alone", nil, items[0], items[2])
	}},
	{"a duplicate comes before the quota", func(f *fixture) {
		first := f.encode()
		inserted, err := f.Insert(f.ctx(), first.Tenant, []store.Item{unique(f.memory(same(first)))}, store.Quota{Memories: 1}, evicted(start))
		f.ok("Insert", err)
		equal(f.t, "inserted", inserted, store.Inserted{Duplicates: map[int]sigil.ID{0: first.ID}})
		equal(f.t, "memories", f.ids(start), []sigil.ID{first.ID})
	}},
	{"an answer says what the first call found", func(f *fixture) {
		first := f.encode()
		second := f.memory(same(first))
		f.duplicates("the second", map[int]sigil.ID{0: first.ID}, keyed(second, "k", 1))
		f.forget(first.Key)
		again, err := f.insertItems(keyed(f.memory(same(first)), "k", 1))
		f.ok("Insert", err)
		equal(f.t, "answer", again.Answers[0], store.Answer{Fingerprint: [32]byte{31: 1}, Memory: second.Meta, DuplicateOf: first.ID})
	}},
	{"an answer has the similar memories of its request", func(f *fixture) {
		first := f.encode()
		similar := &sigil.Similar{Least: 0.5, Near: []sigil.Near{{ID: first.ID, Score: 0.75}}, Incomplete: true}
		for i, next := range []store.Item{keyed(f.memory(), "a", 1), keyed(f.memory(same(first)), "b", 1)} {
			next.Idempotency.Similar = similar
			inserted, err := f.insertItems(next)
			f.ok("Insert", err)
			again, err := f.insertItems(next)
			f.ok("Insert", err)
			equal(f.t, "answer", again.Answers[0], store.Answer{
				Fingerprint: [32]byte{31: 1}, Memory: next.Memory.Meta, DuplicateOf: inserted.Duplicates[0], Similar: similar,
			})
			equal(f.t, "duplicates", len(inserted.Duplicates), i)
		}
	}},
	{"many with one content", func(f *fixture) {
		first := f.encode()
		all := []sigil.Key{first.Key}
		for range 300 {
			m := f.memory(same(first))
			all = append(all, m.Key)
			f.duplicates("another", map[int]sigil.ID{0: first.ID}, item(m))
		}
		f.forget(all[:299]...)
		f.duplicates("the last but one", map[int]sigil.ID{0: all[299].ID}, unique(f.memory(same(first))))
		f.forget(all[299], all[300])
		f.duplicates("after all are gone", nil, unique(f.memory(same(first))))
	}},
	{"at once, one unique item is stored and the others find it", func(f *fixture) {
		first := f.memory()
		var stored atomic.Int64
		var all sync.WaitGroup
		found := make([]sigil.ID, 100)
		for i := range found {
			all.Go(func() {
				m := f.memory(same(first))
				inserted, err := f.insertItems(unique(m))
				if err != nil {
					f.t.Errorf("Insert: %v", err)
				}
				if found[i] = inserted.Duplicates[0]; found[i] == (sigil.ID{}) {
					stored.Add(1)
					found[i] = m.ID
				}
			})
		}
		all.Wait()
		equal(f.t, "stored", stored.Load(), 1)
		equal(f.t, "found", slices.Compact(found), f.ids(start))
	}},
	{"at once with removals, there is never a second one", func(f *fixture) {
		first := f.memory()
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 25 {
					m := f.memory(same(first))
					inserted, err := f.insertItems(unique(m))
					if err != nil {
						f.t.Errorf("Insert: %v", err)
						return
					}
					if len(inserted.Duplicates) > 0 {
						continue
					}
					if live := f.ids(start); len(live) != 1 || live[0] != m.ID {
						f.t.Errorf("while %s is there: %v", m.ID, live)
					}
					f.forget(m.Key)
				}
			})
		}
		all.Wait()
		equal(f.t, "memories", len(f.ids(start)), 0)
	}},
}

var amendIdeas = []idea{
	{"tags are replaced, journaled and found", func(f *fixture) {
		m := f.encode(tagged("a", "b"))
		before := len(f.events(m.Tenant))
		at := start.Add(time.Second)
		got, err := f.Amend(f.ctx(), store.Amendment{Key: m.Key, At: at}, tagging(at, "b", "c"))
		f.ok("Amend", err)
		m.Tags, m.AccessCount = []string{"b", "c"}, 1
		m.Touch(m.Policy, at)
		equal(f.t, "amended", got, store.Amended{Memory: m})
		stored, err := f.Get(f.ctx(), m.Key, at)
		f.ok("Get", err)
		equal(f.t, "stored", stored, m)
		entry := unhashed(f.events(m.Tenant))[before]
		equal(f.t, "journaled", entry, sigil.Event{Position: entry.Position, Time: at, Kind: sigil.Tagged, Reason: sigil.ReasonRequest, Memory: m.Meta})
		for tag, want := range map[string]int{"a": 0, "b": 1, "c": 1} {
			equal(f.t, "listed by "+tag, len(f.list(store.Query{Tenant: m.Tenant, Now: at, Tags: []string{tag}})), want)
			found, err := f.Search(f.ctx(), store.SearchQuery{Tenant: m.Tenant, Now: at, Limit: 10, Text: "tag:" + tag})
			f.ok("Search", err)
			equal(f.t, "found by "+tag, len(found.Hits), want)
		}
	}},
	{"tags stay as they are if they are not changed", func(f *fixture) {
		m := f.encode(tagged("a"))
		at := start.Add(time.Second)
		_, err := f.Amend(f.ctx(), store.Amendment{Key: m.Key, At: at}, tagging(at, "a"))
		f.ok("Amend", err)
		stored, err := f.Get(f.ctx(), m.Key, at)
		f.ok("Get", err)
		m.AccessCount = 1
		m.Touch(m.Policy, at)
		equal(f.t, "stored", stored, m)
		equal(f.t, "events", len(f.events(m.Tenant)), 1)
	}},
	{"later changes keep the tags, and the memory can go", func(f *fixture) {
		m := f.encode()
		at := start.Add(time.Second)
		_, err := f.Amend(f.ctx(), store.Amendment{Key: m.Key, At: at}, tagging(at, "new"))
		f.ok("Amend", err)
		_, err = f.recall(m.Key, at)
		f.ok("Update", err)
		again, err := f.Amend(f.ctx(), store.Amendment{Key: m.Key, At: at}, tagging(at, "new", "newer"))
		f.ok("Amend", err)
		equal(f.t, "recalls", again.Memory.AccessCount, 3)
		f.duplicates("its duplicate", map[int]sigil.ID{0: m.ID}, unique(f.memory(same(m))))
		f.forget(m.Key)
		equal(f.t, "listed", len(f.list(store.Query{Tenant: m.Tenant, Now: at, Tags: []string{"newer"}})), 0)
		found, err := f.Search(f.ctx(), store.SearchQuery{Tenant: m.Tenant, Now: at, Limit: 10, Text: "tag:newer"})
		f.ok("Search", err)
		equal(f.t, "found", len(found.Hits), 0)
	}},
	{"nothing else can be changed", func(f *fixture) {
		m := f.encode(tagged("a"))
		at := start.Add(time.Second)
		_, err := f.Amend(f.ctx(), store.Amendment{Key: m.Key, At: at}, func(m *sigil.Memory) (*sigil.Event, error) {
			m.Data, m.Hash, m.Size, m.Potential, m.State.Phi = raw("1"), sigil.Hash{1}, 1, 1, 1
			event := sigil.Event{Time: at, Kind: sigil.Tagged, Reason: sigil.ReasonRequest, Memory: m.Meta}
			m.Tags = []string{"b"}
			return &event, nil
		})
		f.ok("Amend", err)
		m.Tags = []string{"b"}
		stored, err := f.Get(f.ctx(), m.Key, at)
		f.ok("Get", err)
		equal(f.t, "stored", stored, m)
	}},
	{"an error changes nothing, and leaves no answer", func(f *fixture) {
		m := f.encode(tagged("a"))
		a := store.Amendment{Key: m.Key, At: start, Idempotency: store.Idempotency{Key: "k", Ends: start.Add(time.Hour)}}
		_, err := f.Amend(f.ctx(), a, func(m *sigil.Memory) (*sigil.Event, error) {
			m.Tags, m.AccessCount = []string{"b"}, 9
			return nil, sigil.NewInvalid("no", "", "")
		})
		fails(f.t, "Amend", err, sigil.ErrInvalid, "no")
		stored, err := f.Get(f.ctx(), m.Key, start)
		f.ok("Get", err)
		equal(f.t, "stored", stored, m)
		f.inserts("k")
	}},
	{"what does not exist cannot be amended", func(f *fixture) {
		m := f.encode()
		for _, key := range []sigil.Key{{Tenant: "other", ID: m.ID}, {Tenant: m.Tenant, ID: sigil.ID{1}}} {
			_, err := f.Amend(f.ctx(), store.Amendment{Key: key, At: start}, tagging(start, "a"))
			fails(f.t, "Amend", err, sigil.ErrNotFound, "")
		}
		equal(f.t, "events", len(f.events(m.Tenant)), 1)
	}},
	{"a call that is repeated under its key gets the first answer", func(f *fixture) {
		m := f.correct(f.encode(), tagged("a"))
		similar := &sigil.Similar{Least: 0.25, Near: []sigil.Near{}}
		amend := func(at time.Time, tags ...string) store.Amended {
			f.t.Helper()
			got, err := f.Amend(f.ctx(), store.Amendment{
				Key: m.Key, At: at, Idempotency: store.Idempotency{Key: "k", Fingerprint: [32]byte{7}, Ends: at.Add(time.Hour), Similar: similar},
			}, tagging(at, tags...))
			f.ok("Amend", err)
			return got
		}
		at := start.Add(time.Second)
		first := amend(at, "a", "b")
		whole := first.Memory
		whole.Supersedes = sigil.ID{}
		want := store.Answer{Fingerprint: [32]byte{7}, Memory: first.Memory.Meta, Similar: similar, Amended: &whole}
		equal(f.t, "again", amend(at, "c"), store.Amended{Answer: &want})
		_, err := f.recall(m.Key, at)
		f.ok("Update", err)
		f.forget(m.Key)
		inserted, err := f.insertItems(keyed(f.memory(), "k", 1))
		f.ok("Insert", err)
		equal(f.t, "an insert", inserted, store.Inserted{Answers: map[int]store.Answer{0: want}})
		end := at.Add(time.Hour)
		m = f.encode(fades(2 * time.Hour))
		equal(f.t, "after the end", amend(end, "d").Memory.Tags, []string{"d"})
		n, err := f.PruneAnswers(f.ctx(), end.Add(time.Hour), 10)
		f.ok("PruneAnswers", err)
		equal(f.t, "pruned", n, 1)
	}},
	{"with a key, a mere recall is kept with its answer", func(f *fixture) {
		m := f.encode()
		at := start.Add(time.Second)
		a := store.Amendment{Key: m.Key, At: at, Idempotency: store.Idempotency{Key: "k", Ends: at.Add(time.Hour)}}
		first, err := f.Amend(f.ctx(), a, tagging(at))
		f.ok("Amend", err)
		equal(f.t, "recalls", first.Memory.AccessCount, 1)
		again, err := f.Amend(f.ctx(), a, tagging(at))
		f.ok("Amend", err)
		equal(f.t, "answer", again.Answer != nil && again.Answer.Memory == first.Memory.Meta, true)
		stored, err := f.Get(f.ctx(), m.Key, at)
		f.ok("Get", err)
		equal(f.t, "stored", stored, first.Memory)
	}},
	{"at once, every one counts", func(f *fixture) {
		m := f.encode()
		at := start.Add(time.Second)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if _, err := f.Amend(f.ctx(), store.Amendment{Key: m.Key, At: at}, tagging(at)); err != nil {
					f.t.Errorf("Amend: %v", err)
				}
			})
		}
		all.Wait()
		stored, err := f.Get(f.ctx(), m.Key, at)
		f.ok("Get", err)
		equal(f.t, "recalls", stored.AccessCount, 50)
	}},
}
