package model

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

// Various are memories by what is special about them.
type Various struct {
	Plain     sigil.Memory // tagged, under an idempotency key, recalled
	Vector    sigil.Memory // with a vector of the caller
	OwnPolicy sigil.Memory // under a policy of its own
	Forgotten sigil.Memory // and can be restored
	Corrected sigil.Memory // by Newest
	Newest    sigil.Memory
	Crystals  []sigil.Memory // crystallized, and so is their pattern
	Signature sigil.SignatureRef
}

// Fill puts into a store something of each kind that it can keep, in the tenants "various" and "other".
func Fill(t *testing.T, s store.Store) (v Various) {
	t.Helper()
	e := engine.New(s, &engine.Options{Settings: engine.Settings{Undo: engine.Undo{Window: 24 * time.Hour}}})
	ctx, tenant := t.Context(), "various"
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	encode := func(d sigil.Draft, data string) sigil.Memory {
		t.Helper()
		d.Data = []byte(data)
		m, err := e.Encode(ctx, tenant, d)
		must(err)
		return m
	}
	v.Plain = encode(sigil.Draft{Tags: []string{"a", "b"}, IdempotencyKey: "key"}, `{"text":"tea at five o'clock"}`)
	_, err := e.Recall(ctx, v.Plain.Key)
	must(err)
	v.Vector = encode(sigil.Draft{Vector: []float32{1, -0.5, 0.25}}, `{"text":"coffee in the morning"}`)
	own, err := sigil.ParsePolicy("fsrs s=4d d=0.5 threshold=0.6 grace=1d")
	must(err)
	v.OwnPolicy = encode(sigil.Draft{Policy: own, Life: 400 * 24 * time.Hour}, `{"text":"water at night"}`)
	encode(sigil.Draft{TTL: time.Hour}, `{"text":"milk for an hour"}`)
	encode(sigil.Draft{Pinned: true}, `{"text":"juice forever"}`)
	v.Forgotten = encode(sigil.Draft{Vector: []float32{1, 1}}, `{"text":"lemonade"}`)
	must(e.Forget(ctx, v.Forgotten.Key))
	v.Corrected = encode(sigil.Draft{}, `{"text":"the shop is closed on Monday"}`)
	v.Newest, err = e.Correct(ctx, v.Corrected.Key, sigil.Draft{Data: []byte(`{"text":"the shop is closed on Tuesday"}`)})
	must(err)
	strong := &sigil.State{Phi: 0.95, Coherence: 0.95, Awareness: 0.95, EmotionalResonance: 0.95}
	for i := 0; len(v.Crystals) < 2*sigil.MinPatternMembers; i++ {
		data := fmt.Sprintf(`{"n":%d}`, i)
		if sigil.Hash(sha256.Sum256([]byte(data))).Frequency().Pattern() == 64 {
			v.Crystals = append(v.Crystals, encode(sigil.Draft{State: strong}, data))
		}
	}
	_, err = e.Crystallize(ctx)
	must(err)
	v.Signature = sigil.SignatureRef{ID: sigil.NewID(time.Now()), Body: sigil.Hash{1}, Signer: 1 << 63}
	_, _, err = e.Register(ctx, sigil.Signature{Tenant: tenant, SignatureRef: v.Signature, Statement: []byte("said")})
	must(err)
	_, err = e.Revoke(ctx, tenant, v.Signature.Body, v.Signature.ID, "lost")
	must(err)
	_, err = e.Key(ctx)
	must(err)
	tenant = "other"
	theirs, err := sigil.ParsePolicy("power s=40d d=0.5 threshold=0.6")
	must(err)
	_, err = e.SetPolicy(ctx, tenant, theirs)
	must(err)
	encode(sigil.Draft{IdempotencyKey: "key"}, `{"text":"something else"}`)
	return v
}
