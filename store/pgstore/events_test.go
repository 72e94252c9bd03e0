package pgstore_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pgstore"
)

// reader follows a journal like a client: from its position.
type reader struct {
	t    *testing.T
	s    *pgstore.Store
	last uint64
	ids  []sigil.ID
}

func (r *reader) read() {
	r.t.Helper()
	events, err := r.s.Events(r.t.Context(), sigil.DefaultTenant, r.last, 1)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range events {
		if e.Position != r.last+1 {
			r.t.Fatalf("position %d follows %d", e.Position, r.last)
		}
		r.last = e.Position
		r.ids = append(r.ids, e.Memory.ID)
	}
}

// TestAnOpenTransactionHidesNothing holds a transaction open for seconds between two others, while a reader
// follows the journal: it gets every entry once, in order. The transaction has read with a lock, and will
// journal when it continues, like that of a process that was stopped there.
func TestAnOpenTransactionHidesNothing(t *testing.T) {
	url := database(t)
	a, b, c := open(t, url, nil), open(t, url, nil), open(t, url, nil)
	for _, s := range []*pgstore.Store{a, b, c} {
		defer s.Close() // what it wrote is read
	}
	first, err := engineOn(a).Encode(t.Context(), sigil.DefaultTenant, draft(0))
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{t: t, s: c}
	locked, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	done := make(chan error, 1)
	go func() { // waited for below
		tries := 0
		_, err := b.Update(t.Context(), first.Key, func(m *sigil.Meta) (*sigil.Event, error) {
			if tries++; tries > 1 { // the first is a look without a lock
				once.Do(func() { close(locked) })
				<-release
			}
			m.Pinned = true
			m.Reschedule()
			return &sigil.Event{Time: m.LastAccessed, Kind: sigil.Pinned, Reason: sigil.ReasonRequest, Memory: *m}, nil
		})
		done <- err
	}()
	<-locked
	third, err := engineOn(a).Encode(t.Context(), sigil.DefaultTenant, draft(1))
	if err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); time.Since(begin) < 2*time.Second; { // it is held open that long
		r.read()
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	r.read()
	want := []sigil.ID{first.ID, third.ID, first.ID}
	if len(r.ids) != len(want) || r.ids[0] != want[0] || r.ids[1] != want[1] || r.ids[2] != want[2] {
		t.Errorf("read %v, want %v", r.ids, want)
	}
}

// TestAPositionThatWaitsHidesNothing holds a transaction open that has taken its position. A later one commits after
// it, and a reader sees both in order. The reader waits, or gets ErrUnavailable, for no longer than the timeout.
func TestAPositionThatWaitsHidesNothing(t *testing.T) {
	url := database(t)
	s := open(t, url, nil)
	defer s.Close() // what it wrote is read
	e := engineOn(s)
	first, err := e.Encode(t.Context(), sigil.DefaultTenant, draft(0))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) // it committed
	if _, err := conn.Exec(t.Context(), `begin; update sigil.head set position = position + 1;
		insert into sigil.journal select tenant, 2, 1, entries, at, block from sigil.journal`); err != nil {
		t.Fatal(err)
	}
	encoded := make(chan error, 1)
	var third sigil.Memory
	go func() { // waited for below
		var err error
		third, err = e.Encode(t.Context(), sigil.DefaultTenant, draft(1))
		encoded <- err
	}()
	r := &reader{t: t, s: s}
	for begin := time.Now(); time.Since(begin) < time.Second; {
		r.read()
	}
	if r.last != 1 {
		t.Errorf("read up to %d before the second was committed", r.last)
	}
	if _, err := conn.Exec(t.Context(), "commit"); err != nil {
		t.Fatal(err)
	}
	if err := <-encoded; err != nil {
		t.Fatal(err)
	}
	r.read()
	r.read()
	if len(r.ids) != 3 || r.ids[1] != first.ID || r.ids[2] != third.ID {
		t.Errorf("read %v", r.ids)
	}
}

// TestWait waits for entries that another process journals: by its notification or, if that is lost, by polling.
func TestWait(t *testing.T) {
	url := database(t)
	a, b := open(t, url, nil), open(t, url, nil)
	defer a.Close() // nothing is behind
	defer b.Close() // nothing is behind
	e := engineOn(b)
	for after := range uint64(20) {
		if after == 10 { // the listening one, and all others
			execute(t, url, "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
		}
		heard := make(chan error, 1)
		go func() { heard <- a.Wait(t.Context(), sigil.DefaultTenant, after) }() // waited for below
		until(t, "to encode", func() bool {
			_, err := e.Encode(t.Context(), sigil.DefaultTenant, draft(int(after)))
			return err == nil
		})
		// A killed connection returns an error to its first user.
		if err := <-heard; err != nil && !errors.Is(err, sigil.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, newest, err := a.JournalBounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Wait(ctx, sigil.DefaultTenant, newest); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestTenStartAtOnce opens an empty database ten times at once: one Open creates the schema, and all get the same
// store.
func TestTenStartAtOnce(t *testing.T) {
	url := newDatabase(t)
	stores := make([]*pgstore.Store, 10)
	var running sync.WaitGroup
	for i := range stores {
		running.Go(func() { stores[i] = open(t, url, nil) })
	}
	running.Wait()
	for _, s := range stores {
		if s.Info() != stores[0].Info() {
			t.Errorf("%+v and %+v", s.Info(), stores[0].Info())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	execute(t, url, "insert into sigil.version (version_id, is_applied) values (99, true)")
	if _, err := pgstore.Open(t.Context(), url, nil); !errors.Is(err, sigil.ErrFormat) {
		t.Errorf("a newer schema: %v", err)
	}
}

// TestOlderSchema opens a database with the first version of the schema: the schema is updated, and the
// content stays.
func TestOlderSchema(t *testing.T) {
	url := newDatabase(t)
	s := open(t, url, nil)
	m := encode(t, engineOn(s), 0, new(atomic.Int64))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	execute(t, url, "drop index sigil.memories_content; drop index sigil.memories_unnoticed; alter table sigil.memories drop column stretch, drop column supersedes, drop column noticed, drop column own_policy, drop column stood; drop function sigil.demand; drop function sigil.labels cascade; drop table sigil.removed, sigil.removals, sigil.signer; drop index sigil.tenants_removed; alter table sigil.tenants drop column removed, drop column removed_bytes; drop table sigil.words, sigil.searched, sigil.vectors, sigil.own_vectors; alter table sigil.tenants drop column words, drop column vectors; drop table sigil.flushes; drop table sigil.claims; drop table sigil.signatures; alter table sigil.tenants drop column signatures; alter table sigil.head drop column trimmed, drop column link, drop column epoch, drop column origin; drop table sigil.links, sigil.tenant_policies, sigil.tenant_clocks; delete from sigil.version where version_id > 1")
	again := open(t, url, nil)
	e := engineOn(again)
	if _, err := e.Recall(t.Context(), m.Key); err != nil {
		t.Error(err)
	}
	if err := again.Close(); err != nil { // writes the recall
		t.Error(err)
	}
}

// TestARecallNearItsDeadlineIsSeenAtOnce recalls a memory in one process shortly before its deadline. After the
// answer, a sweep in another process does not release it. A memory with time left is seen as recalled within a second.
func TestARecallNearItsDeadlineIsSeenAtOnce(t *testing.T) {
	url := database(t)
	a, b := open(t, url, nil), open(t, url, nil)
	defer a.Close()                                   // nothing is behind
	defer b.Close()                                   // nothing is behind
	m := encode(t, engineOn(a), 0, new(atomic.Int64)) // it lives for 95 s
	for _, left := range []time.Duration{time.Second, time.Minute} {
		now := m.FadesAt.Add(-left)
		kept, err := a.Update(t.Context(), m.Key, func(m *sigil.Meta) (*sigil.Event, error) {
			m.AccessCount++
			m.Touch(m.Policy, now)
			return nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if left == time.Minute {
			until(t, "for the refresh", func() bool {
				got, err := b.Get(t.Context(), m.Key, now)
				return err == nil && got.Meta == kept.Meta
			})
		}
		if keys, err := b.Due(t.Context(), m.FadesAt, 10); err != nil || len(keys) > 0 {
			t.Errorf("%s before its deadline: due %v, %v", left, keys, err)
		}
		if got, err := b.Get(t.Context(), m.Key, m.FadesAt); err != nil || got.Meta != kept.Meta {
			t.Errorf("%s before its deadline: %+v, %v", left, got.Meta, err)
		}
		m = kept
	}
}

// TestARecallOutlivesTheDaemonThatAnsweredIt stops a process right after it answered a recall, before it wrote the
// refresh. A sweep of another process does not release the memory if its deadline was near, and sees the recall. A
// memory with a later deadline fades at its old one.
func TestARecallOutlivesTheDaemonThatAnsweredIt(t *testing.T) {
	url := database(t)
	a, b := open(t, url, nil), open(t, url, nil)
	a.Quiet()         // as SIGSTOP would, right after each answer
	defer b.Close()   // nothing is behind
	defer a.Abandon() // it never goes on
	for left, kept := range map[time.Duration]bool{
		4 * time.Millisecond: true, 3500 * time.Millisecond: true, pgstore.Near: true, pgstore.Near + time.Second: false,
	} {
		m, err := engineOn(b).Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: []byte(`1`)})
		if err != nil {
			t.Fatal(err)
		}
		recalled := func(m *sigil.Meta) (*sigil.Event, error) {
			m.AccessCount++
			m.Touch(m.Policy, m.FadesAt.Add(-left))
			return nil, nil
		}
		if _, err := a.Update(t.Context(), m.Key, recalled); err != nil {
			t.Fatal(err)
		}
		events, err := b.Remove(t.Context(), []sigil.Key{m.Key}, func(got sigil.Meta) (sigil.Event, bool) {
			return sigil.Event{Time: m.FadesAt, Kind: sigil.Faded, Reason: sigil.ReasonDecay, Memory: got}, got.Due(m.FadesAt)
		})
		if err != nil || (len(events) == 0) != kept {
			t.Errorf("recalled %s before its deadline: released %v, %v, want it kept %v", left, events, err, kept)
		}
	}
}

// TestRecallsAreCountedOnce recalls from two processes at once. The count that one of them returns never falls, and in
// the end the database has the sum.
func TestRecallsAreCountedOnce(t *testing.T) {
	url := database(t)
	stores := []*pgstore.Store{open(t, url, nil), open(t, url, nil)}
	m := encode(t, engineOn(stores[0]), 0, new(atomic.Int64))
	const each = 400
	var running sync.WaitGroup
	for _, s := range stores {
		running.Go(func() {
			e, last := engineOn(s), uint64(0)
			for range each {
				got, err := e.Recall(t.Context(), m.Key)
				if err != nil || got.AccessCount <= last {
					t.Errorf("%d recalls after %d, %v", got.AccessCount, last, err)
					return
				}
				last = got.AccessCount
			}
		})
	}
	running.Wait()
	for _, s := range stores {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	again := open(t, url, nil)
	defer again.Close() // nothing is behind
	if got, err := again.Get(t.Context(), m.Key, again.Now()); err != nil || got.AccessCount != 2*each {
		t.Errorf("%d recalls in the end, want %d: %v", got.AccessCount, 2*each, err)
	}
}
