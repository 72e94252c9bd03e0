package engine_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

func keyed(key string) func(d *sigil.Draft) {
	return func(d *sigil.Draft) {
		d.IdempotencyKey, d.Tags = key, []string{"x"}
		d.State = &sigil.State{Extra: map[string]json.RawMessage{"mood": json.RawMessage(`"calm"`)}}
	}
}

func TestARepeatedEncodeGivesTheFirstAnswer(t *testing.T) {
	r := newRig(t, engine.Options{})
	first := r.encode(`{"foo":1}`, keyed("k"))
	again := func() {
		t.Helper()
		got := r.encode(` { "foo" : 1 } `, keyed("k")) // white space is no difference
		if !reflect.DeepEqual(got, first) {
			t.Errorf("got %+v, want %+v", got, first)
		}
	}
	r.clock.set(time.Minute)
	again()
	r.recall(first.Key)
	again()
	r.clock.set(time.Hour)
	r.sweep()
	r.lives(first.Key, false)
	again() // though it faded
	same(t, "memories", r.live(), 0)
	same(t, "journal entries", len(r.events()), 2)

	r.clock.set(24*time.Hour - millisecond)
	r.sweep()
	again()
	r.clock.set(24 * time.Hour)
	if got := r.encode(`{"foo":1}`, keyed("k")); got.ID == first.ID {
		t.Error("the first answer after 24 hours")
	}
}

// Two drafts that make the same memory are the same request.
func TestLeftOutAndEmptyAreOneRequest(t *testing.T) {
	r := newRig(t, engine.Options{})
	first := r.encode(`{"foo":1}`, func(d *sigil.Draft) { d.IdempotencyKey = "k" })
	again := r.encode(`{"foo":1}`, func(d *sigil.Draft) {
		state := sigil.DefaultState()
		state.Extra = map[string]json.RawMessage{}
		d.IdempotencyKey, d.Tags, d.State = "k", []string{}, &state
	})
	same(t, "id", again.ID, first.ID)
}

// Clients that make their JSON from a map send its members in another order with each try.
func TestTheOrderOfMembersIsNoOtherRequest(t *testing.T) {
	with := func(mood string) func(*sigil.Draft) {
		return func(d *sigil.Draft) {
			d.IdempotencyKey, d.State = "k", &sigil.State{Extra: map[string]json.RawMessage{"mood": json.RawMessage(mood)}}
		}
	}
	r := newRig(t, engine.Options{})
	first := r.encode(`{"b":{"y":1.0,"x":[1,2]},"a":"é"}`, with(`{"p":1,"q":2}`))
	again := r.encode(`{"a":"\u00e9", "b":{"x":[1,2],"y":1.0}}`, with(`{"q":2,"p":1}`))
	same(t, "id", again.ID, first.ID)
	results, err := r.EncodeBatch(r.ctx(), sigil.DefaultTenant, []sigil.Draft{
		draft(`{"a":"é","b":{"x":[1,2],"y":1.0}}`, with(`{"p":1,"q":2}`)),
		draft(`{"a":"é","b":{"x":[2,1],"y":1.0}}`, with(`{"p":1,"q":2}`)),
	})
	r.ok("batch", err)
	same(t, "id in a batch", results[0].Memory.ID, first.ID)
	r.fails("items of an array in another order", results[1].Err, sigil.ErrConflict, "idempotency_mismatch", "Idempotency-Key")
	same(t, "memories", r.live(), 1)
}

// An answer that an earlier version kept, with a fingerprint of the request's bytes, is still found.
func TestAnswersOfEarlierVersionsAreFound(t *testing.T) {
	r := newRig(t, engine.Options{})
	data, state := `{"b":1,"a":2}`, `{"phi":0.5,"coherence":0.5,"awareness":0.5,"emotionalResonance":0.5}`
	fingerprint := sha256.Sum256([]byte("\x0d" + data + "\x44" + state + "\x04null" + "\x00"))
	first := sigil.Memory{Meta: sigil.Meta{
		Key: sigil.Key{Tenant: sigil.DefaultTenant, ID: sigil.NewID(r.clock.now())}, CreatedAt: r.clock.now(), Policy: sigil.Classic{},
	}, Data: []byte(data)}
	_, err := r.store.Insert(r.ctx(), sigil.DefaultTenant, []store.Item{{
		Memory: first, Idempotency: store.Idempotency{Key: "k", Fingerprint: fingerprint, Ends: r.clock.now().Add(time.Hour)},
	}}, store.Quota{}, nil)
	r.ok("insert", err)
	again := r.encode(data, func(d *sigil.Draft) { d.IdempotencyKey = "k" })
	same(t, "id", again.ID, first.ID)
}

func TestTheSameKeyWithAnotherDraftIsAConflict(t *testing.T) {
	r := newRig(t, engine.Options{})
	r.encode(`{"foo":1}`, keyed("k"))
	for name, change := range map[string]func(d *sigil.Draft){
		"data":   func(d *sigil.Draft) { d.Data = []byte(`{"foo":1.0}`) }, // other digits
		"state":  func(d *sigil.Draft) { d.State = &strong },
		"extra":  func(d *sigil.Draft) { d.State = &sigil.State{} },
		"tags":   func(d *sigil.Draft) { d.Tags = []string{"y"} },
		"ttl":    func(d *sigil.Draft) { d.TTL = time.Hour },
		"pinned": func(d *sigil.Draft) { d.Pinned = true },
	} {
		d := draft(`{"foo":1}`, keyed("k"))
		change(&d)
		_, err := r.Encode(r.ctx(), sigil.DefaultTenant, d)
		r.fails(name, err, sigil.ErrConflict, "idempotency_mismatch", "Idempotency-Key")
	}
	same(t, "memories", r.live(), 1)
	// A key is its tenant's.
	_, err := r.Encode(r.ctx(), "other", draft(`2`, keyed("k")))
	r.ok("another tenant's encode", err)
}

func TestKeysInABatch(t *testing.T) {
	r := newRig(t, engine.Options{})
	first := r.encode(`1`, keyed("a"))
	results, err := r.EncodeBatch(r.ctx(), sigil.DefaultTenant, []sigil.Draft{
		draft(`1`, keyed("a")), draft(`2`, nil), draft(`3`, keyed("a")), draft(`4`, keyed("b")), draft(`4`, keyed("b")), draft(`5`, keyed("b")),
	})
	r.ok("batch", err)
	same(t, "the first answer", results[0].Memory.ID, first.ID)
	r.ok("without a key", results[1].Err)
	r.fails("another draft", results[2].Err, sigil.ErrConflict, "idempotency_mismatch", "Idempotency-Key")
	r.ok("a new key", results[3].Err)
	same(t, "the new key again", results[4].Memory.ID, results[3].Memory.ID)
	r.fails("and with another draft", results[5].Err, sigil.ErrConflict, "idempotency_mismatch", "Idempotency-Key")
	same(t, "memories", r.live(), 3)
}

func TestARepeatedBatchGivesTheFirstAnswers(t *testing.T) {
	r := newRig(t, engine.Options{})
	drafts := []sigil.Draft{draft(`1`, keyed("a")), draft(`2`, keyed("b")), draft(`3`, keyed("c"))}
	first, err := r.EncodeBatch(r.ctx(), sigil.DefaultTenant, drafts)
	r.ok("batch", err)
	again, err := r.EncodeBatch(r.ctx(), sigil.DefaultTenant, drafts)
	r.ok("batch again", err)
	if !reflect.DeepEqual(again, first) {
		t.Errorf("got %+v, want %+v", again, first)
	}
	same(t, "memories", r.live(), 3)
}

func TestOneKeyAtOnceIsOneMemory(t *testing.T) {
	r := newRig(t, engine.Options{})
	ids := make([]sigil.ID, 16)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			m, err := r.Encode(r.ctx(), sigil.DefaultTenant, draft(`1`, keyed("k")))
			if err != nil && !errors.Is(err, sigil.ErrConflict) {
				t.Errorf("encode: %v", err)
			}
			ids[i] = m.ID
		})
	}
	wg.Wait()
	page, err := r.List(r.ctx(), sigil.DefaultTenant, engine.ListQuery{})
	r.ok("list", err)
	same(t, "memories", len(page.Memories), 1)
	for _, id := range ids {
		if id != (sigil.ID{}) {
			same(t, "id", id, page.Memories[0].ID)
		}
	}
}
