package pgstore_test

import (
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pgstore"
)

// TestOtherProcessesLearnOfAPolicy changes the policy of a tenant through one store, and reads it from another.
func TestOtherProcessesLearnOfAPolicy(t *testing.T) {
	url := database(t)
	a, b := open(t, url, nil), open(t, url, nil)
	defer closeAll(t, a, b)
	e := engine.New(a, nil)
	begin := time.Now()
	for _, want := range []sigil.Policy{sigil.DefaultClassic(), sigil.DefaultPolicy(), nil} {
		if _, err := e.SetPolicy(t.Context(), "acme", want); err != nil {
			t.Fatal(err)
		}
		if got := a.PolicyOf("acme"); got != want {
			t.Errorf("the store that made the change has %v, want %v", got, want)
		}
		until(t, "for the policy", func() bool { return b.PolicyOf("acme") == want })
	}
	if took := time.Since(begin); took > 3*store.PolicyDelay {
		t.Errorf("it took %s", took)
	}
}

// TestRestampOnPostgreSQL brings memories under a shorter policy, and releases them.
func TestRestampOnPostgreSQL(t *testing.T) {
	url := database(t)
	a := open(t, url, nil)
	defer closeAll(t, a)
	now := time.Now()
	e := engine.New(a, &engine.Options{Clock: func() time.Time { return now }})
	for range 600 { // more than a page
		if _, err := e.Encode(t.Context(), "acme", sigil.Draft{Data: []byte("1")}); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(time.Hour)
	if _, err := e.SetPolicy(t.Context(), "acme", sigil.DefaultClassic()); err != nil {
		t.Fatal(err)
	}
	if n, err := e.Restamp(t.Context()); err != nil || n != 600 {
		t.Fatalf("restamped %d, %v", n, err)
	}
	if err := a.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	s, err := e.Sweep(t.Context())
	if err != nil || s.Total() != 600 {
		t.Errorf("released %d, %v", s.Total(), err)
	}
	if err := a.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func closeAll(t *testing.T, all ...*pgstore.Store) {
	t.Helper()
	for _, s := range all {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestPoliciesEnd(t *testing.T) {
	url := database(t)
	a := open(t, url, nil)
	defer closeAll(t, a)
	e := engine.New(a, nil)
	execute(t, url, "insert into sigil.policies (number, policy) values (32767, 'classic rate=0.5 period=5s threshold=0.95')")
	if _, err := e.Encode(t.Context(), "acme", sigil.Draft{Data: []byte("1"), Policy: sigil.DefaultClassic()}); sigil.CodeOf(err) != "policies_full" {
		t.Errorf("one too many: %v", err)
	}
}
