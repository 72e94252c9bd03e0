package pebblestore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

var owners = []string{"public", "a", "b.c_d"}

// script makes a sample of all operations on a store, mostly the same for the same seed.
type script struct {
	engine *engine.Engine
	clock  atomic.Int64 // Unix milliseconds
	fail   func(error)  // called with unexpected errors
	// spares means that nothing is erased.
	spares bool

	// mu guards rng and keys.
	mu sync.Mutex
	// +checklocks:mu
	rng *rand.Rand
	// +checklocks:mu
	keys []sigil.Key // of memories there were, the newest last
}

func newScript(seed uint64, fail func(error)) *script {
	sc := &script{fail: fail, rng: rand.New(rand.NewPCG(seed, 0))}
	sc.clock.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMilli())
	return sc
}

// continueOn begins or continues with a store that was just opened.
func (sc *script) continueOn(s store.Store) {
	sc.engine = engine.New(s, &engine.Options{
		Clock:    func() time.Time { return time.UnixMilli(sc.clock.Load()) },
		Settings: engine.Settings{Policy: sigil.DefaultClassic(), Quota: store.Quota{Memories: 30, Bytes: 6000}, Undo: engine.Undo{Window: time.Hour}, Notice: time.Minute},
	})
}

// run does n operations, every tenth eight of them from concurrent callers.
func (sc *script) run(ctx context.Context, n int) {
	for i := 0; i < n; i++ {
		sc.clock.Add(400)
		if i%80 == 79 { // what was there fades, and answers end
			sc.clock.Add((25 * time.Hour).Milliseconds())
		}
		if i%10 != 9 {
			sc.one(ctx)
			continue
		}
		var wg sync.WaitGroup
		for range min(8, n-i) {
			wg.Go(func() { sc.one(ctx) })
			i++
		}
		i--
		wg.Wait()
	}
}

// roll returns a random number below n.
func (sc *script) roll(n int) int {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	return sc.rng.IntN(n)
}

func (sc *script) pick() sigil.Key {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if len(sc.keys) == 0 {
		return sigil.Key{Tenant: owners[0]}
	}
	return sc.keys[max(0, len(sc.keys)-1-sc.rng.IntN(20))]
}

func (sc *script) kept(m sigil.Memory, err error) error {
	if err == nil {
		sc.mu.Lock()
		defer sc.mu.Unlock()
		sc.keys = append(sc.keys, m.Key)
	}
	return err
}

func (sc *script) draft() sigil.Draft {
	d := sigil.Draft{Data: fmt.Appendf(nil, `{"n":%d,"text":"%0*d"}`, sc.roll(1e9), 1+sc.roll(300), 0)}
	switch sc.roll(6) {
	case 0: // strong, and of few patterns, so that these crystallize
		d.Data = fmt.Appendf(nil, "%d", sc.roll(2))
		d.State = &sigil.State{Phi: 1, Coherence: 1, Awareness: 1, EmotionalResonance: 1}
		d.TTL = time.Minute
	case 1:
		d.TTL = time.Duration(1+sc.roll(20)) * time.Second
		d.Tags = []string{"brief"}
	case 2:
		d.IdempotencyKey = fmt.Sprint("key ", sc.roll(1000))
	case 3:
		d.Life, d.Policy = time.Duration(sc.roll(60))*time.Second, sc.policy(false)
	}
	return d
}

// policy returns one of a few policies, or nil. ofTenant has some of them have the clock of a tenant stand still.
func (sc *script) policy(ofTenant bool) sigil.Policy {
	all := []string{"classic", "halflife h=30s", "power s=5s grace=10s", "classic rate=0.01"}
	if ofTenant {
		all = append(all, "classic active=1m", "halflife h=30s active=10m")
	}
	p, err := sigil.ParsePolicy(all[sc.roll(len(all))])
	if err != nil {
		sc.fail(err)
	}
	if sc.roll(4) == 0 {
		return nil
	}
	return p
}

// change returns a change of everything of a memory, or of some. The ttl is unlike any other, so that its journal entry is, too.
func (sc *script) change() sigil.Change {
	c := sigil.Change{TTL: new(1000*time.Hour + time.Duration(sc.roll(1e9))*time.Millisecond)}
	if sc.roll(2) == 0 {
		c.Tags = new([]string{fmt.Sprint("tag ", sc.roll(5)), "changed"}[:sc.roll(3)])
	}
	if sc.roll(2) == 0 {
		c.Life = new(time.Duration(sc.roll(60)) * time.Second)
	}
	if sc.roll(3) == 0 {
		c.Pinned = new(sc.roll(2) == 0)
	}
	return c
}

// same returns a draft of one of a few contents, which many others have, with a tag.
func (sc *script) same() sigil.Draft {
	return sigil.Draft{
		Data: fmt.Appendf(nil, `{"n":%d,"text":"same"}`, sc.roll(3)), Tags: []string{fmt.Sprint("tag ", sc.roll(5))}, TTL: 20 * time.Second,
		OnDuplicate: []sigil.OnDuplicate{sigil.Keep, sigil.Reinforce, sigil.Reinforce, sigil.Reject}[sc.roll(4)],
	}
}

// signature returns one of a few signatures, which are registered more than once, and of which several are of one body.
func (sc *script) signature(tenant string) sigil.Signature {
	n := byte(sc.roll(30))
	return sigil.Signature{
		Tenant: tenant, Statement: fmt.Appendf(nil, "statement %d", n),
		SignatureRef: sigil.SignatureRef{ID: sigil.ID{0: n%5 + 1, 15: n}, Body: sigil.Hash{n % 6}, Signer: uint64(n % 3)},
	}
}

// one does one operation.
func (sc *script) one(ctx context.Context) {
	tenant := owners[sc.roll(len(owners))]
	var err error
	switch sc.roll(32) {
	case 0, 1, 2, 3, 4:
		err = sc.kept(sc.engine.Encode(ctx, tenant, sc.draft()))
	case 5, 6:
		drafts := make([]sigil.Draft, 1+sc.roll(6))
		for i := range drafts {
			drafts[i] = sc.draft()
		}
		var results []engine.Result
		results, err = sc.engine.EncodeBatch(ctx, tenant, drafts)
		for _, r := range results {
			if err == nil {
				sc.note(sc.kept(r.Memory, r.Err))
			}
		}
	case 7, 8:
		_, err = sc.engine.Recall(ctx, sc.pick())
	case 9:
		err = sc.engine.Forget(ctx, sc.pick())
	case 10:
		_, err = sc.engine.Pin(ctx, sc.pick())
	case 11:
		_, err = sc.engine.Unpin(ctx, sc.pick())
	case 12:
		_, err = sc.engine.Sweep(ctx)
	case 13:
		_, err = sc.engine.Crystallize(ctx)
	case 14:
		_, err = sc.engine.List(ctx, tenant, engine.ListQuery{})
	case 15:
		_, err = sc.engine.Events(ctx, tenant, 0, 1000)
	case 16, 17:
		_, _, err = sc.engine.Register(ctx, sc.signature(tenant))
	case 18:
		s := sc.signature(tenant)
		if sc.roll(2) == 0 {
			s.ID = sigil.ID{} // all of the body
		}
		_, err = sc.engine.Revoke(ctx, tenant, s.Body, s.ID, fmt.Sprint("reason ", sc.roll(1e9)))
	case 21, 22:
		_, err = sc.engine.Restore(ctx, sc.pick())
	case 24, 25:
		err = sc.kept(sc.engine.Correct(ctx, sc.pick(), sc.draft()))
	case 26:
		_, err = sc.engine.History(ctx, sc.pick(), engine.HistoryQuery{})
	case 23:
		_, err = sc.engine.Removed(ctx, tenant, engine.RemovedQuery{})
	case 19, 20:
		err = sc.kept(sc.engine.Encode(ctx, tenant, sc.same()))
	case 28, 29:
		_, err = sc.engine.Change(ctx, sc.pick(), sc.change())
	case 30:
		_, err = sc.engine.SetPolicy(ctx, tenant, sc.policy(true))
	case 31:
		_, err = sc.engine.Restamp(ctx)
	case 27:
		if sc.spares {
			break
		}
		q := engine.EraseQuery{}
		for range 1 + sc.roll(3) {
			key := sc.pick()
			tenant, q.IDs = key.Tenant, append(q.IDs, key.ID)
		}
		_, err = sc.engine.Erase(ctx, tenant, q)
	}
	sc.note(err)
}

func (sc *script) note(err error) {
	if err != nil && !slices.ContainsFunc([]error{sigil.ErrNotFound, sigil.ErrConflict, sigil.ErrFull, sigil.ErrGone}, func(kind error) bool { return errors.Is(err, kind) }) {
		sc.fail(err)
	}
}
