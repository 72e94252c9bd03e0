package storetest

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// keyed returns an item with an idempotency key. Its answer ends an hour after start.
func keyed(m sigil.Memory, key string, fingerprint byte) store.Item {
	i := item(m)
	i.Idempotency = store.Idempotency{Key: key, Fingerprint: [32]byte{31: fingerprint}, Ends: start.Add(time.Hour)}
	return i
}

func (f *fixture) insertItems(items ...store.Item) (store.Inserted, error) {
	return f.Insert(f.ctx(), items[0].Memory.Tenant, items, store.Quota{}, evicted(start))
}

// answers asserts that an insert under key returns the answer of first and inserts nothing.
func (f *fixture) answers(key string, first sigil.Memory) {
	f.t.Helper()
	before := f.stats(first.Tenant, start)
	again, err := f.insertItems(keyed(f.memory(tenant(first.Tenant)), key, 2))
	f.ok("Insert", err)
	equal(f.t, "answer", again, store.Inserted{Answers: map[int]store.Answer{0: {Fingerprint: [32]byte{31: 1}, Memory: first.Meta}}})
	equal(f.t, "stats", f.stats(first.Tenant, start), before)
}

// inserts asserts that an insert under key finds no answer.
func (f *fixture) inserts(key string, options ...option) sigil.Memory {
	f.t.Helper()
	m := f.memory(options...)
	inserted, err := f.insertItems(keyed(m, key, 1))
	f.ok("Insert", err)
	equal(f.t, "inserted", inserted, store.Inserted{})
	_, err = f.Get(f.ctx(), m.Key, start)
	f.ok("Get", err)
	return m
}

var idempotencyIdeas = []idea{
	{"the second time gives the first answer and inserts nothing", func(f *fixture) {
		first := f.inserts("k")
		f.answers("k", first)
		f.answers("k", first)
	}},
	{"keys of any length, and of one tenant", func(f *fixture) {
		for _, key := range []string{"k", "kk", "k/k", "K", strings.Repeat("k", 255), " ~"} {
			for _, name := range []string{"a", "ak"} {
				f.answers(key, f.inserts(key, tenant(name)))
			}
		}
	}},
	{"no key is no answer", func(f *fixture) {
		f.inserts("")
		f.inserts("")
	}},
	{"the first answer stays after the memory changed and after it is gone", func(f *fixture) {
		first := f.inserts("k")
		_, err := f.recall(first.Key, start.Add(time.Minute))
		f.ok("Update", err)
		f.answers("k", first)
		f.forget(first.Key)
		f.answers("k", first)
	}},
	{"an answer in a batch stops all of it, and says where", func(f *fixture) {
		a, b := f.inserts("a"), f.inserts("b")
		before := f.stats(a.Tenant, start)
		got, err := f.insertItems(keyed(f.memory(), "a", 1), item(f.memory()), keyed(f.memory(), "b", 9), keyed(f.memory(), "c", 1))
		f.ok("Insert", err)
		print1 := [32]byte{31: 1}
		equal(f.t, "inserted", got, store.Inserted{Answers: map[int]store.Answer{
			0: {Fingerprint: print1, Memory: a.Meta}, 2: {Fingerprint: print1, Memory: b.Meta},
		}})
		equal(f.t, "stats", f.stats(a.Tenant, start), before)
		f.inserts("c")
	}},
	{"each item of a batch has its own", func(f *fixture) {
		a, b := f.memory(), f.memory()
		_, err := f.insertItems(keyed(a, "a", 1), keyed(b, "b", 1))
		f.ok("Insert", err)
		f.answers("a", a)
		f.answers("b", b)
	}},
	{"an insert that failed leaves no answer", func(f *fixture) {
		m := f.encode()
		_, err := f.insertItems(keyed(m, "k", 1))
		fails(f.t, "Insert", err, sigil.ErrConflict, "exists")
		_, err = f.Insert(f.ctx(), m.Tenant, []store.Item{keyed(f.memory(sized(10)), "k", 1)}, store.Quota{Bytes: 9}, evicted(start))
		fails(f.t, "Insert", err, sigil.ErrFull, "quota_full")
		f.inserts("k")
	}},
	{"an answer comes before the quota", func(f *fixture) {
		first := f.inserts("k")
		again, err := f.Insert(f.ctx(), first.Tenant, []store.Item{keyed(f.memory(), "k", 1)}, store.Quota{Memories: 1}, evicted(start))
		f.ok("Insert", err)
		equal(f.t, "answers", len(again.Answers), 1)
		equal(f.t, "evicted", again.Evicted, nil)
	}},
	{"an answer that has ended is not given, pruned or not", func(f *fixture) {
		first := f.inserts("k")
		end := start.Add(time.Hour)
		again, err := f.insertItems(keyed(f.memory(created(end.Add(-time.Millisecond))), "k", 1))
		f.ok("Insert", err)
		equal(f.t, "answers before the end", len(again.Answers), 1)
		second := keyed(f.memory(created(end)), "k", 1)
		second.Idempotency.Ends = end.Add(time.Hour)
		again, err = f.insertItems(second)
		f.ok("Insert", err)
		equal(f.t, "answers at the end", len(again.Answers), 0)
		again, err = f.insertItems(keyed(f.memory(created(end.Add(time.Minute))), "k", 1))
		f.ok("Insert", err)
		equal(f.t, "the answer from then on", again.Answers[0].Memory, second.Memory.Meta)
		equal(f.t, "memories", len(f.ids(start)), 2)
		equal(f.t, "the first is one of them", f.ids(start)[1], first.ID)
	}},
	{"pruning drops what has ended, a little at a time", func(f *fixture) {
		end := start.Add(time.Hour)
		for i := range 5 {
			f.inserts(strings.Repeat("k", i+1))
		}
		stays := keyed(f.memory(), "stays", 1)
		stays.Idempotency.Ends = end.Add(time.Millisecond)
		_, err := f.insertItems(stays)
		f.ok("Insert", err)
		prune := func(at time.Time) int {
			n, err := f.PruneAnswers(f.ctx(), at, 2)
			f.ok("PruneAnswers", err)
			return n
		}
		equal(f.t, "before the end", prune(end.Add(-time.Millisecond)), 0)
		equal(f.t, "from the end on", []int{prune(end), prune(end), prune(end), prune(end)}, []int{2, 2, 1, 0})
		f.answers("stays", stays.Memory)
	}},
	{"pruning counts a key once, though a second answer took the place of the first", func(f *fixture) {
		f.inserts("k")
		end := start.Add(time.Hour)
		second := keyed(f.memory(created(end)), "k", 1)
		second.Idempotency.Ends = end.Add(time.Hour)
		_, err := f.insertItems(second)
		f.ok("Insert", err)
		n, err := f.PruneAnswers(f.ctx(), end.Add(time.Hour), 10)
		f.ok("PruneAnswers", err)
		equal(f.t, "pruned", n, 1)
	}},
	{"pruning spares an answer that took the place of one that ended", func(f *fixture) {
		f.inserts("k")
		end := start.Add(time.Hour)
		second := keyed(f.memory(created(end)), "k", 1)
		second.Idempotency.Ends = end.Add(time.Hour)
		_, err := f.insertItems(second)
		f.ok("Insert", err)
		n, err := f.PruneAnswers(f.ctx(), end, 10)
		f.ok("PruneAnswers", err)
		equal(f.t, "pruned", n, 0)
		f.answers("k", second.Memory)
		n, err = f.PruneAnswers(f.ctx(), end.Add(time.Hour), 10)
		f.ok("PruneAnswers", err)
		equal(f.t, "pruned when it has ended, too", n, 1)
	}},
	{"at once, one inserts", func(f *fixture) {
		var inserted atomic.Int64
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				got, err := f.insertItems(keyed(f.memory(), "k", 1))
				switch {
				case errors.Is(err, sigil.ErrConflict):
					fails(f.t, "Insert", err, sigil.ErrConflict, "idempotency_in_flight")
				case err != nil:
					f.t.Errorf("Insert: %v", err)
				case len(got.Answers) == 0:
					inserted.Add(1)
				}
			})
		}
		wg.Wait()
		equal(f.t, "inserted", inserted.Load(), 1)
		equal(f.t, "memories", len(f.ids(start)), 1)
	}},
}
