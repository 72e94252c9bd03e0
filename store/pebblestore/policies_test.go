package pebblestore_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// TestARestampIsKept brings memories under another policy, and opens the store again: their deadlines are the new ones, and the store is sound.
func TestARestampIsKept(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	now := time.Now()
	e := engine.New(s, &engine.Options{Clock: func() time.Time { return now }})
	own := sigil.Draft{Data: []byte("1"), Policy: sigil.DefaultPolicy()}
	kept, err := e.Encode(t.Context(), "acme", own)
	if err != nil {
		t.Fatal(err)
	}
	for range 600 { // more than a page
		if _, err := e.Encode(t.Context(), "acme", sigil.Draft{Data: []byte("1")}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.SetPolicy(t.Context(), "acme", sigil.DefaultClassic()); err != nil {
		t.Fatal(err)
	}
	if n, err := e.Restamp(t.Context()); err != nil || n != 600 {
		t.Fatalf("restamped %d, %v", n, err)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	now = now.Add(95 * time.Second)
	e = engine.New(s, &engine.Options{Clock: func() time.Time { return now }})
	if n, err := e.Restamp(t.Context()); err != nil || n != 0 {
		t.Errorf("restamped %d again, %v", n, err)
	}
	if p, err := e.Policy(t.Context(), "acme"); err != nil || p.Restamping || !p.Own {
		t.Errorf("the policy is %+v, %v", p, err)
	}
	if swept, err := e.Sweep(t.Context()); err != nil || swept.Total() != 600 {
		t.Errorf("released %d, %v", swept.Total(), err)
	}
	if m, err := e.Peek(t.Context(), kept.Key); err != nil || !m.OwnPolicy || m.Policy != sigil.DefaultPolicy() {
		t.Errorf("the memory with a policy of its own: %+v, %v", m.Meta, err)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestTheEndOfARestampIsNotWrittenBeforeIt loses power when two restamps have followed each other at once, of which the second had nothing to do:
// either the memory is under the new policy, or its tenant is still to be restamped.
func TestTheEndOfARestampIsNotWrittenBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := vfs.NewCrashableMem()
		begin := func() (*pebblestore.Store, *engine.Engine) {
			s, err := pebblestore.Open("data", &pebblestore.Options{FS: disk})
			if err != nil {
				t.Fatal(err)
			}
			return s, engine.New(s, &engine.Options{Clock: time.Now})
		}
		s, e := begin()
		m, err := e.Encode(t.Context(), "acme", sigil.Draft{Data: []byte("1")})
		if err != nil {
			t.Fatal(err)
		}
		p, err := sigil.NewHalfLife(24*time.Hour, 0.5)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.SetPolicy(t.Context(), "acme", p); err != nil {
			t.Fatal(err)
		}
		time.Sleep(store.PolicyDelay + 100*time.Millisecond) // not when refreshes are written
		for _, want := range []int{1, 0} {
			if n, err := e.Restamp(t.Context()); err != nil || n != want {
				t.Fatalf("restamped %d, %v", n, err)
			}
		}
		disk = disk.CrashClone(vfs.CrashCloneCfg{})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s, e = begin()
		after, err := e.Peek(t.Context(), m.Key)
		if err != nil {
			t.Fatal(err)
		}
		if kept, err := e.Policy(t.Context(), "acme"); err != nil || !kept.Restamping && after.Policy != p {
			t.Errorf("the restamp is over, %+v, %v, and the memory is under %v", kept, err, after.Policy)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
