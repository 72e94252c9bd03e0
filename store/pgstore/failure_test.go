package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pgstore"
)

// timeout is short, so that waiting for it does not take long; no test depends on its value.
const timeout = 500 * time.Millisecond

// patient is how long something immediate may take on a busy machine.
const patient = 30 * time.Second

// behind returns the URLs of a database, through a proxy and directly.
func behind(t *testing.T) (p *pgtest.Proxy, through, directly string) {
	t.Helper()
	directly = database(t)
	u, err := url.Parse(directly)
	if err != nil {
		t.Fatal(err)
	}
	p = pgtest.NewProxy(t, pgtest.Shared(t))
	return p, p.URL(strings.TrimPrefix(u.Path, "/")), directly
}

func engineOn(s *pgstore.Store) *engine.Engine {
	return engine.New(s, &engine.Options{Settings: engine.Settings{Policy: sigil.DefaultClassic()}})
}

func draft(n int) sigil.Draft {
	return sigil.Draft{Data: fmt.Appendf(nil, `{"n":%d}`, n), IdempotencyKey: fmt.Sprint(n)}
}

// encode encodes n until that is acknowledged, with a limit for each try, and counts the refusals.
func encode(t *testing.T, e *engine.Engine, n int, refused *atomic.Int64) sigil.Memory {
	t.Helper()
	for begin := time.Now(); ; {
		try := time.Now()
		m, err := e.Encode(t.Context(), sigil.DefaultTenant, draft(n))
		switch {
		case err == nil:
			return m
		case !errors.Is(err, sigil.ErrUnavailable) && sigil.CodeOf(err) != "idempotency_in_flight":
			t.Fatalf("encode: %v", err)
		case time.Since(try) > patient || time.Since(begin) > patient:
			t.Fatalf("encode: after %s: %v", time.Since(begin), err)
		}
		refused.Add(1)
	}
}

// TestOutages takes the database away in several ways while clients encode, and brings it back. Every call
// ends, with an answer or as unavailable; the store works again by itself; and each request that was repeated
// until it was acknowledged is kept exactly once.
func TestOutages(t *testing.T) {
	for name, tt := range map[string]struct {
		lose    func(t *testing.T, p *pgtest.Proxy, directly string)
		refuses bool // until it is restored
	}{
		"cut":          {func(_ *testing.T, p *pgtest.Proxy, _ string) { p.Cut() }, true},
		"half-open":    {func(_ *testing.T, p *pgtest.Proxy, _ string) { p.Freeze() }, true},
		"lost answers": {func(_ *testing.T, p *pgtest.Proxy, _ string) { p.LoseAnswers() }, true},
		"slow":         {func(_ *testing.T, p *pgtest.Proxy, _ string) { p.Delay(50 * time.Millisecond) }, false},
		"sessions killed": {func(t *testing.T, _ *pgtest.Proxy, directly string) {
			execute(t, directly, "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
		}, false},
		"statements canceled": {func(t *testing.T, _ *pgtest.Proxy, directly string) {
			for range 20 {
				execute(t, directly, "select pg_cancel_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
			}
		}, false},
		"head locked": {func(t *testing.T, _ *pgtest.Proxy, directly string) {
			hold(t, directly, "select from sigil.head for update", 2*timeout)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p, through, directly := behind(t)
			s := open(t, through, &pgstore.Options{Timeout: timeout})
			defer s.Close() // its refreshes may be lost
			e := engineOn(s)
			var refused atomic.Int64
			first := encode(t, e, 0, &refused)
			const clients, each = 8, 12
			var running sync.WaitGroup
			halfway, gone := make(chan struct{}, clients), make(chan struct{})
			for c := range clients {
				running.Go(func() {
					for i := range each {
						if i == each/3 {
							halfway <- struct{}{}
						}
						if i == each/2 { // so that some calls surely are made while it is gone
							<-gone
						}
						encode(t, e, 1+c*each+i, &refused)
					}
				})
			}
			for range clients {
				<-halfway
			}
			tt.lose(t, p, directly)
			close(gone)
			if tt.refuses {
				before := refused.Load()
				until(t, "for a refusal", func() bool { return refused.Load() > before })
			}
			if _, err := e.Peek(t.Context(), first.Key); err != nil && !errors.Is(err, sigil.ErrUnavailable) {
				t.Errorf("peek: %v", err)
			}
			p.Delay(0)
			p.Restore()
			running.Wait()
			until(t, "to be ready", func() bool { return s.Ping(t.Context()) == nil })
			keptOnce(t, directly, 1+clients*each)
		})
	}
}

// hold runs SQL in a transaction that stays open for a while.
func hold(t *testing.T, url, sql string, d time.Duration) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) // rolls back
	if _, err := conn.Exec(context.Background(), "begin; "+sql); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(context.Background(), fmt.Sprintf("select pg_sleep(%f)", d.Seconds())); err != nil {
		t.Fatal(err)
	}
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for begin := time.Now(); !ok(); {
		if time.Since(begin) > patient {
			t.Fatalf("waited %s %s", time.Since(begin), what)
		}
	}
}

// keptOnce asserts that the memories 0 to n-1 exist, once each, and that the store is sound.
func keptOnce(t *testing.T, url string, n int) {
	t.Helper()
	times := listed(t, url)
	for i := range n {
		if got := times[fmt.Sprintf(`{"n":%d}`, i)]; got != 1 {
			t.Errorf("memory %d is there %d times", i, got)
		}
	}
	if len(times) != n {
		t.Errorf("%d memories, want %d", len(times), n)
	}
}

// listed returns how often each data is there, and asserts that the store is sound.
func listed(t *testing.T, url string) map[string]int {
	t.Helper()
	s := open(t, url, nil)
	defer s.Close() // it wrote nothing
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	times := map[string]int{}
	q := store.Query{Tenant: sigil.DefaultTenant, Limit: 1000, Now: time.Now()}
	for more := true; more; {
		page, m, err := s.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page {
			times[string(page[i].Data)]++
			q.Before = page[i].ID
		}
		more = m
	}
	return times
}

// TestPoolExhausted has more callers than connections, and every connection busy. A caller that waits longer than the
// timeout gets an error, and service resumes.
func TestPoolExhausted(t *testing.T) {
	url := database(t)
	s := open(t, url, &pgstore.Options{Timeout: timeout, MaxConns: 3})
	defer s.Close() // nothing is behind
	e := engineOn(s)
	m := encode(t, e, 0, new(atomic.Int64))
	var running sync.WaitGroup
	running.Go(func() { hold(t, url, "lock table sigil.memories in access exclusive mode", 3*timeout) })
	until(t, "to be out of connections", func() bool {
		var seen bool
		var calls sync.WaitGroup
		var mu sync.Mutex
		for range 8 {
			calls.Go(func() {
				_, err := e.Peek(t.Context(), m.Key)
				mu.Lock()
				defer mu.Unlock()
				seen = seen || errors.Is(err, sigil.ErrUnavailable)
				if err != nil && !errors.Is(err, sigil.ErrUnavailable) {
					t.Errorf("peek: %v", err)
				}
			})
		}
		calls.Wait()
		return seen
	})
	running.Wait()
	until(t, "to read again", func() bool { _, err := e.Peek(t.Context(), m.Key); return err == nil })
}

// TestRecallsOutliveAnOutage loses the database between recalls and their writing: they are written when it
// is back.
func TestRecallsOutliveAnOutage(t *testing.T) {
	p, through, directly := behind(t)
	s := open(t, through, &pgstore.Options{Timeout: timeout})
	e := engineOn(s)
	m := encode(t, e, 0, new(atomic.Int64))
	for range 3 {
		if _, err := e.Recall(t.Context(), m.Key); err != nil {
			t.Fatal(err)
		}
	}
	p.Cut()
	_ = s.Flush(t.Context())
	p.Restore()
	until(t, "to write them", func() bool { return s.Flush(t.Context()) == nil })
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	again := open(t, directly, nil)
	defer again.Close() // nothing is behind
	if got, err := again.Get(t.Context(), m.Key, again.Now()); err != nil || got.AccessCount != 3 {
		t.Errorf("%d recalls, %v", got.AccessCount, err)
	}
}

// TestRecallsCountedOnce loses the answer to a commit of recalls, and continues: none is counted twice.
func TestRecallsCountedOnce(t *testing.T) {
	const recalls = 3
	for name, write := range map[string]func(*testing.T, *pgstore.Store, *engine.Engine, sigil.Key) error{
		"flush": func(t *testing.T, s *pgstore.Store, _ *engine.Engine, _ sigil.Key) error { return s.Flush(t.Context()) },
		"pin": func(t *testing.T, _ *pgstore.Store, e *engine.Engine, key sigil.Key) error {
			_, err := e.Pin(t.Context(), key)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, through, directly := behind(t)
			s := open(t, through, &pgstore.Options{Timeout: timeout})
			s.Quiet()
			e := engineOn(s)
			m := encode(t, e, 0, new(atomic.Int64))
			for range recalls {
				if _, err := e.Recall(t.Context(), m.Key); err != nil {
					t.Fatal(err)
				}
			}
			p.LoseNextAnswer()
			if err := write(t, s, e, m.Key); !errors.Is(err, sigil.ErrUnavailable) {
				t.Fatalf("with its answer lost: %v", err)
			}
			until(t, "to write them", func() bool { return s.Flush(t.Context()) == nil })
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			again := open(t, directly, nil)
			defer again.Close() // nothing is behind
			if got, err := again.Get(t.Context(), m.Key, again.Now()); err != nil || got.AccessCount != recalls {
				t.Errorf("%d recalls, %v, want %d", got.AccessCount, err, recalls)
			}
		})
	}
}

// TestPromotion kills the primary of a replicated database under load and promotes the replica: the store
// continues with it, and nothing acknowledged is lost or exists twice.
func TestPromotion(t *testing.T) {
	primary := pgtest.Start(t, nil)
	replica, err := primary.Replica()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(replica.Remove)
	hosts := "postgres://sigil@/postgres?host=" + primary.Dir() + "," + replica.Dir() + "&port=5432,5432"
	s := open(t, hosts, &pgstore.Options{Timeout: timeout})
	defer s.Close() // its refreshes may be lost
	e := engineOn(s)
	encode(t, e, 0, new(atomic.Int64))
	const clients, each = 8, 40
	var running sync.WaitGroup
	var gap longest
	halfway := make(chan struct{}, clients)
	for c := range clients {
		running.Go(func() {
			for i := range each {
				if i == each/2 {
					halfway <- struct{}{}
				}
				begin := time.Now()
				encode(t, e, 1+c*each+i, new(atomic.Int64))
				gap.take(time.Since(begin))
			}
		})
	}
	<-halfway
	if err := primary.Stop(pgtest.Immediate); err != nil {
		t.Fatal(err)
	}
	if err := replica.Promote(); err != nil {
		t.Fatal(err)
	}
	running.Wait()
	t.Logf("the longest wait for an acknowledgement was %s", gap.is().Round(time.Millisecond))
	keptOnce(t, replica.URL("postgres"), 1+clients*each)
}

type longest struct {
	mu sync.Mutex
	// +checklocks:mu
	d time.Duration
}

func (l *longest) take(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.d = max(l.d, d)
}

func (l *longest) is() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.d
}

// An unrelated error of the database is not taken for an exceeded quota.
func TestAnErrorOfTheDatabaseIsNoFullQuota(t *testing.T) {
	url := newDatabase(t)
	s := open(t, url, nil)
	defer func() { _ = s.Close() }()
	execute(t, url, `create function broken() returns trigger language plpgsql as $$ begin perform 1 / (new.memories - new.memories); return new; end $$;
create trigger broken before insert on sigil.tenants for each row execute function broken()`)
	e := engine.New(s, &engine.Options{Settings: engine.Settings{Quota: store.Quota{Memories: 1000}}})
	_, err := e.Encode(t.Context(), sigil.DefaultTenant, draft(1))
	if err == nil || errors.Is(err, sigil.ErrFull) || !strings.Contains(err.Error(), "22012") {
		t.Errorf("encode: %v, want the database's own error", err)
	}
}
