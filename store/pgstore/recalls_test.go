package pgstore_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pgstore"
)

// hearing watches the recalls of one tenant.
type hearing struct {
	tenant string
	named  chan sigil.Meta
	more   chan string // tenants
}

// hear registers w for recalls that other stores than s made.
func hear(s *pgstore.Store, tenant string) *hearing {
	h := &hearing{tenant, make(chan sigil.Meta, 10_000), make(chan string, 10_000)}
	s.OnRecall(h)
	return h
}

func (h *hearing) RecallsWatched(tenant string) bool { return tenant == h.tenant }
func (h *hearing) Recalled(m sigil.Meta)             { h.named <- m }
func (h *hearing) RecalledMore(tenant string)        { h.more <- tenant }

// next waits for a recall.
func (h *hearing) next(t *testing.T) sigil.Meta {
	t.Helper()
	select {
	case m := <-h.named:
		return m
	case tenant := <-h.more:
		t.Fatalf("more of %q", tenant)
	case <-time.After(patient):
		t.Fatal("told of no recall")
	}
	return sigil.Meta{}
}

// encodeOf keeps a memory of a tenant.
func encodeOf(t *testing.T, s *pgstore.Store, tenant string) sigil.Memory {
	t.Helper()
	m, err := engineOn(s).Encode(t.Context(), tenant, sigil.Draft{Data: []byte(`"tea"`)})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// recall recalls a memory and returns the answer.
func recall(t *testing.T, s *pgstore.Store, key sigil.Key) sigil.Meta {
	t.Helper()
	m, err := engineOn(s).Recall(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return m.Meta
}

// TestRecallsOfAnotherProcessAreHeard recalls in one process memories that others watch. They see each recall
// as it was answered. No process sees its own recalls, or another tenant's.
func TestRecallsOfAnotherProcessAreHeard(t *testing.T) {
	url := database(t)
	a, b, c := open(t, url, nil), open(t, url, nil), open(t, url, nil)
	defer a.Close() // nothing is behind
	defer b.Close() // nothing is behind
	defer c.Close() // nothing is behind
	byA, byB, ofOther := hear(a, sigil.DefaultTenant), hear(b, sigil.DefaultTenant), hear(c, "other")
	first, second, third := encodeOf(t, a, sigil.DefaultTenant), encodeOf(t, a, sigil.DefaultTenant), encodeOf(t, a, sigil.DefaultTenant)
	others := encodeOf(t, a, "other")

	recall(t, a, others.Key)
	recalled := recall(t, a, first.Key)
	if m := byB.next(t); m != recalled {
		t.Errorf("heard of %+v, want %+v", m, recalled)
	}
	if m := ofOther.next(t); m.Key != others.Key || m.AccessCount != 1 {
		t.Errorf("heard of %+v", m)
	}

	// Near its deadline, a recall is written alone, before it is answered.
	near, err := a.Update(t.Context(), second.Key, func(m *sigil.Meta) (*sigil.Event, error) {
		m.AccessCount++
		m.Touch(m.Policy, m.FadesAt.Add(-time.Second))
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if m := byB.next(t); m != near.Meta {
		t.Errorf("heard of %+v, want %+v", m, near.Meta)
	}

	// A pin is in the journal, and is not reported as a recall; nor is an update that changes nothing.
	if _, err := engineOn(a).Pin(t.Context(), first.Key); err != nil {
		t.Fatal(err)
	}
	if _, err := engineOn(a).Pin(t.Context(), first.Key); err != nil {
		t.Fatal(err)
	}
	// b's notification reaches a after all of a's own, and b's own watcher sees a's next one first.
	byOther := recall(t, b, third.Key)
	if m := byA.next(t); m != byOther {
		t.Errorf("heard of %+v, want %+v", m, byOther)
	}
	last := recall(t, a, first.Key)
	if m := byB.next(t); m != last {
		t.Errorf("heard of %+v, want %+v", m, last)
	}
	for name, h := range map[string]*hearing{"a": byA, "b": byB, "of the other tenant": ofOther} {
		if len(h.named)+len(h.more) > 0 {
			t.Errorf("%s heard of %d memories and %d times of more, which it should not", name, len(h.named), len(h.more))
		}
	}
}

// TestTheLastRecallsAreHeard closes a store right after a recall.
func TestTheLastRecallsAreHeard(t *testing.T) {
	url := database(t)
	a, b := open(t, url, nil), open(t, url, nil)
	defer b.Close() // nothing is behind
	h := hear(b, sigil.DefaultTenant)
	m := encode(t, engineOn(a), 0, new(atomic.Int64))
	recalled := recall(t, a, m.Key)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if m := h.next(t); m != recalled {
		t.Errorf("heard of %+v, want %+v", m, recalled)
	}
}

// TestWhatOthersSayOfRecalls sends a notification that no store sends. It is ignored, and the next recall is seen.
func TestWhatOthersSayOfRecalls(t *testing.T) {
	url := database(t)
	a, b := open(t, url, nil), open(t, url, nil)
	defer a.Close() // nothing is behind
	defer b.Close() // nothing is behind
	h := hear(b, sigil.DefaultTenant)
	m := encode(t, engineOn(a), 0, new(atomic.Int64))
	execute(t, url, `notify sigil_recalls; notify sigil_recalls, 'x'; notify sigil_recalls, E'x\n'; notify sigil_recalls, E'x\npublic';
		notify sigil_recalls, E'x\npublic AAAA'; notify sigil_recalls, E'x\npublic !'; notify sigil_recalls, E'x\npublic AAAAAAAAAAAAAAAAAAAAAA'`)
	recalled := recall(t, a, m.Key)
	if m := h.next(t); m != recalled {
		t.Errorf("heard of %+v, want %+v", m, recalled)
	}
}

// TestRecallsAreToldInBounds reports far more recalls than fit into one notification, of many tenants. Each
// is named once, or its tenant is reported as having more, and no tenant waits until another's are all sent.
func TestRecallsAreToldInBounds(t *testing.T) {
	recalled := map[string]int{"busy": 5_000, strings.Repeat("t", sigil.MaxTenantLen): 1_000}
	for i := range 3_000 {
		recalled[fmt.Sprintf("tenant-%d", i)] = 1
	}
	var told pgstore.Recalled
	process := [16]byte{1, 2, 3}
	now := time.Now()
	for tenant, n := range recalled {
		for range n {
			key := sigil.Key{Tenant: tenant, ID: sigil.NewID(now)}
			told.Add(key)
			told.Add(key) // again
		}
	}
	named, more, tellings, whose := map[string]int{}, map[string]bool{}, 0, ""
	seen := map[sigil.ID]bool{}
	for payloads := told.Payloads(process); len(payloads) > 0; payloads = told.Payloads(process) {
		if tellings++; len(payloads) > 12 || tellings > 20 {
			t.Fatalf("%d notifications in telling %d", len(payloads), tellings)
		}
		for _, payload := range payloads {
			if len(payload) >= 8000 {
				t.Errorf("%d bytes", len(payload))
			}
			by, said := pgstore.ParseRecalled(payload)
			if len(said) == 0 || whose != "" && by != whose {
				t.Errorf("of %d tenants, by %q and %q", len(said), by, whose)
			}
			whose = by
			for _, s := range said {
				named[s.Tenant] += len(s.IDs)
				more[s.Tenant] = more[s.Tenant] || s.More
				for _, id := range s.IDs {
					if seen[id] {
						t.Errorf("%s is named again", id)
					}
					seen[id] = true
				}
			}
		}
		if tellings == 1 && len(named) < 2 {
			t.Error("the first telling is of one tenant only")
		}
	}
	for tenant, n := range recalled {
		if want := min(n, 1_000); named[tenant] != want || more[tenant] != (n > want) {
			t.Errorf("%s: %d named, more: %v, of %d", tenant, named[tenant], more[tenant], n)
		}
	}
}

// TestManyRecallsAreHeard recalls more in one process than is named at once, together with some of another
// tenant.
func TestManyRecallsAreHeard(t *testing.T) {
	url := database(t)
	a, b, c := open(t, url, nil), open(t, url, nil), open(t, url, nil)
	defer a.Close() // nothing is behind
	defer b.Close() // nothing is behind
	defer c.Close() // nothing is behind
	h, quiet := hear(b, sigil.DefaultTenant), hear(c, "quiet")
	e := engineOn(a)
	drafts := slices.Repeat([]sigil.Draft{{Data: []byte(`1`)}}, 3_000)
	results, err := e.EncodeBatch(t.Context(), sigil.DefaultTenant, drafts)
	if err != nil {
		t.Fatal(err)
	}
	others := encodeOf(t, a, "quiet")
	for i := range results {
		recall(t, a, results[i].Memory.Key)
	}
	recall(t, a, others.Key)
	if m := quiet.next(t); m.Key != others.Key {
		t.Errorf("heard of %+v", m)
	}
	heard := map[sigil.ID]bool{}
	for begin := time.Now(); len(heard) < len(results); {
		select {
		case m := <-h.named:
			heard[m.ID] = true
			continue
		case tenant := <-h.more:
			if tenant != sigil.DefaultTenant {
				t.Errorf("more of %q", tenant)
			}
			return // the watchers know that not all are named
		case <-time.After(patient - time.Since(begin)):
		}
		t.Fatalf("told of %d of %d recalls, and of no more", len(heard), len(results))
	}
}
