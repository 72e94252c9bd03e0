package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

func TestEncodeKeepsWhatWasSent(t *testing.T) {
	r := newRig(t, engine.Options{})
	state := sigil.State{Phi: 0.862, Coherence: 0.85, Awareness: 0.8, EmotionalResonance: 0.5, Extra: map[string]json.RawMessage{"mood": json.RawMessage(`"calm"`)}}
	m := r.encode(` { "b" : 12345678901234567890, "a" : 1.50 } `, func(d *sigil.Draft) {
		d.State, d.Tags, d.TTL, d.Pinned = &state, []string{"b", "a"}, time.Hour, true
	})
	same(t, "data", string(m.Data), `{"b":12345678901234567890,"a":1.50}`)
	same(t, "size", m.Size, len(m.Data))
	same(t, "potential", m.Potential, 0.7675875290086321)
	same(t, "created", m.CreatedAt, start)
	same(t, "fades at", m.FadesAt, start.Add(time.Hour))
	same(t, "pinned", m.Pinned, true)
	got, err := r.Peek(r.ctx(), m.Key)
	r.ok("peek", err)
	if !reflect.DeepEqual(got, m) || !reflect.DeepEqual(got.State, state) || !reflect.DeepEqual(got.Tags, []string{"b", "a"}) {
		t.Errorf("answered %+v, kept %+v", m.State, got.State)
	}
}

func TestDataIsTheCallersAgain(t *testing.T) {
	r := newRig(t, engine.Options{})
	for _, text := range []string{`{"a":1}`, `{"a":"\u0061"}`} { // as it is read quickly, and by the library
		data := []byte(text)
		one, err := r.Encode(r.ctx(), sigil.DefaultTenant, sigil.Draft{Data: data})
		r.ok("encode", err)
		many, err := r.EncodeBatch(r.ctx(), sigil.DefaultTenant, []sigil.Draft{{Data: data}, {Data: data}})
		r.ok("batch", err)
		clear(data)
		for _, key := range []sigil.Key{one.Key, many[0].Memory.Key, many[1].Memory.Key} {
			m, err := r.Peek(r.ctx(), key)
			r.ok("peek", err)
			same(t, "data", string(m.Data), text)
		}
		same(t, "answered data", string(one.Data)+string(many[1].Memory.Data), text+text)
	}
}

func TestEncodeWithoutAStateIsHalfOfEverything(t *testing.T) {
	r := newRig(t, engine.Options{})
	m := r.encode(`null`, nil)
	same(t, "potential", m.Potential, 0.5)
	if !reflect.DeepEqual(m.State, sigil.DefaultState()) {
		t.Errorf("state %+v", m.State)
	}
}

func TestEncodeRefuses(t *testing.T) {
	long := strings.Repeat("x", 200)
	for name, tt := range map[string]struct {
		tenant      string
		draft       func(d *sigil.Draft)
		kind        error
		code, field string
	}{
		"tenant":               {"a b", nil, sigil.ErrInvalid, "invalid_tenant", "tenant"},
		"no data":              {"", func(d *sigil.Draft) { d.Data = nil }, sigil.ErrInvalid, "invalid_json", "data"},
		"not JSON":             {"", func(d *sigil.Draft) { d.Data = []byte(`{`) }, sigil.ErrInvalid, "invalid_json", "data"},
		"duplicate key":        {"", func(d *sigil.Draft) { d.Data = []byte(`{"a":1,"a":1}`) }, sigil.ErrInvalid, "duplicate_key", "data/a"},
		"too deep":             {"", func(d *sigil.Draft) { d.Data = []byte(`[[[[[]]]]]`) }, sigil.ErrInvalid, "too_deep", "data"},
		"too large":            {"", func(d *sigil.Draft) { d.Data = []byte(`"` + long + `"`) }, sigil.ErrTooLarge, "data_too_large", "data"},
		"state":                {"", func(d *sigil.Draft) { d.State = &sigil.State{Phi: 1.1} }, sigil.ErrInvalid, "invalid_state", "state.phi"},
		"extra key not JSON":   {"", extra("mood", `calm`), sigil.ErrInvalid, "invalid_json", "state.mood"},
		"extra key empty":      {"", extra("mood", ``), sigil.ErrInvalid, "invalid_json", "state.mood"},
		"extra key twice in":   {"", extra("mood", `{"a":1,"a":2}`), sigil.ErrInvalid, "duplicate_key", "state.mood/a"},
		"extra key of phi":     {"", extra("phi", `1`), sigil.ErrInvalid, "invalid_state", "state.phi"},
		"extra key not UTF-8":  {"", extra("\xff", `1`), sigil.ErrInvalid, "invalid_utf8", "state"},
		"extra keys too large": {"", extra("mood", `"`+long+`"`), sigil.ErrTooLarge, "state_too_large", "state"},
		"too many tags":        {"", func(d *sigil.Draft) { d.Tags = []string{"a", "b", "c"} }, sigil.ErrTooLarge, "too_many_tags", "tags"},
		"empty tag":            {"", func(d *sigil.Draft) { d.Tags = []string{"a", ""} }, sigil.ErrInvalid, "invalid_tag", "tags/1"},
		"long tag":             {"", func(d *sigil.Draft) { d.Tags = []string{long} }, sigil.ErrInvalid, "invalid_tag", "tags/0"},
		"tag not UTF-8":        {"", func(d *sigil.Draft) { d.Tags = []string{"\xff"} }, sigil.ErrInvalid, "invalid_tag", "tags/0"},
		"negative life":        {"", func(d *sigil.Draft) { d.Life = -1 }, sigil.ErrInvalid, "invalid_life", "life"},
		"negative ttl":         {"", func(d *sigil.Draft) { d.TTL = -1 }, sigil.ErrInvalid, "invalid_ttl", "ttl"},
		"long idempotency key": {"", func(d *sigil.Draft) { d.IdempotencyKey = long + long }, sigil.ErrInvalid, "invalid_idempotency_key", "Idempotency-Key"},
		"odd idempotency key":  {"", func(d *sigil.Draft) { d.IdempotencyKey = "a\n" }, sigil.ErrInvalid, "invalid_idempotency_key", "Idempotency-Key"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, engine.Options{Limits: engine.Limits{Data: 100, Depth: 4, State: 100, Tags: 2}})
			if tt.tenant == "" {
				tt.tenant = sigil.DefaultTenant
			}
			_, err := r.Encode(r.ctx(), tt.tenant, draft(`1`, tt.draft))
			r.fails("encode", err, tt.kind, tt.code, tt.field)
			same(t, "memories", r.live(), 0)
			same(t, "journal entries", len(r.events()), 0)
		})
	}
}

func extra(name, raw string) func(d *sigil.Draft) {
	return func(d *sigil.Draft) {
		d.State = &sigil.State{Extra: map[string]json.RawMessage{name: json.RawMessage(raw)}}
	}
}

func TestABadDraftDoesNotHarmItsBatch(t *testing.T) {
	r := newRig(t, engine.Options{})
	results, err := r.EncodeBatch(r.ctx(), sigil.DefaultTenant, []sigil.Draft{draft(`1`, nil), draft(`{`, nil), draft(`3`, nil)})
	r.ok("batch", err)
	same(t, "results", len(results), 3)
	r.ok("first", results[0].Err)
	r.fails("second", results[1].Err, sigil.ErrInvalid, "invalid_json", "data")
	r.ok("third", results[2].Err)
	same(t, "third", string(results[2].Memory.Data), `3`)
	r.lives(results[0].Memory.Key, true)
	r.lives(results[2].Memory.Key, true)
	same(t, "memories", r.live(), 2)
}

func TestABatchHasALimit(t *testing.T) {
	r := newRig(t, engine.Options{Limits: engine.Limits{Batch: 2}})
	drafts := []sigil.Draft{draft(`1`, nil), draft(`2`, nil), draft(`3`, nil)}
	_, err := r.EncodeBatch(r.ctx(), sigil.DefaultTenant, drafts)
	r.fails("batch", err, sigil.ErrTooLarge, "batch_too_large", "")
	_, err = r.RecallMany(r.ctx(), make([]sigil.Key, 3))
	r.fails("recall", err, sigil.ErrTooLarge, "batch_too_large", "ids")
	_, err = r.EncodeBatch(r.ctx(), sigil.DefaultTenant, drafts[:2])
	r.ok("batch of two", err)
	results, err := r.EncodeBatch(r.ctx(), sigil.DefaultTenant, nil)
	r.ok("empty batch", err)
	same(t, "results", len(results), 0)
	same(t, "memories", r.live(), 2)
}

func TestRecallManyAnswersForEach(t *testing.T) {
	r := newRig(t, engine.Options{})
	a, b := r.encode(`1`, nil), r.encode(`2`, nil)
	results, err := r.RecallMany(r.ctx(), []sigil.Key{b.Key, {Tenant: "other", ID: a.ID}, b.Key, a.Key})
	r.ok("recall", err)
	r.fails("the other tenant's", results[1].Err, sigil.ErrNotFound, "not_found", "id")
	same(t, "b", results[2].Memory.AccessCount, 2)
	same(t, "a", string(results[3].Memory.Data), `1`)
}

// TestAnswersOfManyEndAtTheirBytes has a limit of 10 bytes of data, and memories of 4.
func TestAnswersOfManyEndAtTheirBytes(t *testing.T) {
	r := newRig(t, engine.Options{Limits: engine.Limits{PageBytes: 10}})
	var keys []sigil.Key
	for range 5 {
		keys = append(keys, r.encode(`"xx"`, nil).Key)
	}
	results, err := r.RecallMany(r.ctx(), keys)
	r.ok("recall", err)
	for i := range results {
		if i < 3 { // the third brings it over the limit
			r.ok("recalled", results[i].Err)
			continue
		}
		r.fails("the rest", results[i].Err, sigil.ErrTooLarge, "answer_full", "ids")
		m, err := r.Peek(r.ctx(), keys[i])
		r.ok("peek", err)
		same(t, "recalls of what was refused", m.AccessCount, 0)
	}
	neighbors, err := r.Related(r.ctx(), keys[0], engine.RelatedQuery{Content: true})
	r.ok("related", err)
	same(t, "neighbors", len(neighbors), 3)
	neighbors, err = r.Related(r.ctx(), keys[0], engine.RelatedQuery{})
	r.ok("related", err)
	same(t, "neighbors without content", len(neighbors), 4)
	q, listed := engine.ListQuery{}, 0
	for pages := 1; ; pages++ {
		page, err := r.List(r.ctx(), sigil.DefaultTenant, q)
		r.ok("list", err)
		listed += len(page.Memories)
		if q.Cursor = page.Next; q.Cursor == "" {
			same(t, "pages", pages, 3)
			break
		}
	}
	same(t, "listed", listed, 5)
	page, err := r.List(r.ctx(), sigil.DefaultTenant, engine.ListQuery{NoData: true})
	r.ok("list", err)
	same(t, "listed without data", len(page.Memories), 5)
}

func TestAQuotaEvictsTheNearestToItsDeadline(t *testing.T) {
	observer := &recorder{}
	r := newRig(t, engine.Options{Observer: observer, Settings: engine.Settings{Quota: store.Quota{Memories: 3}}})
	a := r.encode(`1`, nil)
	b := r.encode(`2`, func(d *sigil.Draft) { d.TTL = time.Minute })
	r.encode(`3`, func(d *sigil.Draft) { d.Pinned = true })
	r.clock.set(time.Second)
	r.encode(`4`, nil)
	r.lives(b.Key, false)
	r.lives(a.Key, true)
	events := r.events()
	evicted := events[len(events)-2]
	same(t, "kind", evicted.Kind, sigil.Evicted)
	same(t, "reason", evicted.Reason, sigil.ReasonMemories)
	same(t, "memory", evicted.Memory.ID, b.ID)
	same(t, "time", evicted.Time, start.Add(time.Second))
	same(t, "observed", observer.released[sigil.ReasonMemories], 1)
}

func TestAQuotaOfBytes(t *testing.T) {
	observer := &recorder{}
	r := newRig(t, engine.Options{Observer: observer, Settings: engine.Settings{Quota: store.Quota{Bytes: 10}}})
	r.encode(`12345`, nil)
	r.encode(`12345`, nil)
	r.encode(`123456`, nil)
	same(t, "memories", r.live(), 1)
	same(t, "observed", observer.released[sigil.ReasonBytes], 2)
	_, err := r.Encode(r.ctx(), sigil.DefaultTenant, draft(`12345678901`, nil))
	r.fails("one larger than the quota", err, sigil.ErrFull, "quota_full", "")
	same(t, "memories", r.live(), 1)
}

func TestWhereNothingMayLeaveEncodeIsRefused(t *testing.T) {
	r := newRig(t, engine.Options{Settings: engine.Settings{Quota: store.Quota{Memories: 2}}})
	r.encode(`1`, func(d *sigil.Draft) { d.Pinned = true })
	r.encode(`2`, func(d *sigil.Draft) { d.State = &strong })
	before := len(r.events())
	_, err := r.Encode(r.ctx(), sigil.DefaultTenant, draft(`3`, nil))
	r.fails("encode", err, sigil.ErrFull, "quota_full", "")
	same(t, "memories", r.live(), 2)
	same(t, "journal entries", len(r.events()), before)
}

// A batch that does not fit as a whole is kept one by one as far as possible.
func TestABatchOverTheQuota(t *testing.T) {
	r := newRig(t, engine.Options{Settings: engine.Settings{Quota: store.Quota{Memories: 3}}})
	pinned := func(d *sigil.Draft) { d.Pinned = true }
	results, err := r.EncodeBatch(r.ctx(), sigil.DefaultTenant, []sigil.Draft{
		draft(`1`, nil), draft(`2`, pinned), draft(`3`, pinned), draft(`4`, pinned), draft(`5`, pinned), draft(`6`, nil),
	})
	r.ok("batch", err)
	for i, wantErr := range []bool{false, false, false, false, true, true} {
		if wantErr {
			r.fails(fmt.Sprint("draft ", i), results[i].Err, sigil.ErrFull, "quota_full", "")
		} else {
			r.ok(fmt.Sprint("draft ", i), results[i].Err)
		}
	}
	r.lives(results[0].Memory.Key, false) // evicted for a later one
	same(t, "memories", r.live(), 3)
}

func TestFiftyEncodesAtOnceAreFiftyMemories(t *testing.T) {
	r := newRig(t, engine.Options{})
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			if _, err := r.Encode(r.ctx(), sigil.DefaultTenant, draft(fmt.Sprintf(`{"foo":%d}`, i), nil)); err != nil {
				t.Errorf("encode %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	page, err := r.List(r.ctx(), sigil.DefaultTenant, engine.ListQuery{})
	r.ok("list", err)
	seen := map[string]bool{}
	for _, m := range page.Memories {
		seen[string(m.Data)] = true
	}
	same(t, "memories", len(page.Memories), 50)
	same(t, "different ones", len(seen), 50)
	same(t, "journal entries", len(r.events()), 50)
}

// broken is a store that fails in its own way.
type broken struct{ store.Store }

var errOwn = errors.New("disk on fire")

func (broken) Insert(context.Context, string, []store.Item, store.Quota, func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	return store.Inserted{}, errOwn
}

func TestWhatAStoreSaysIsWrappedOnce(t *testing.T) {
	r := newRig(t, engine.Options{})
	e := engine.New(broken{r.store}, nil)
	_, err := e.Encode(r.ctx(), sigil.DefaultTenant, draft(`1`, nil))
	r.fails("encode", err, sigil.ErrInternal, "internal", "")
	if !errors.Is(err, errOwn) {
		t.Errorf("the cause is lost: %v", err)
	}
	r.ok("close", r.store.Close())
	_, err = r.Encode(r.ctx(), sigil.DefaultTenant, draft(`1`, nil))
	r.fails("encode after close", err, sigil.ErrClosed, "closed", "")
}

func TestAnObserverHearsWhatABatchKept(t *testing.T) {
	observer := &recorder{}
	r := newRig(t, engine.Options{Observer: observer})
	_, err := r.EncodeBatch(r.ctx(), sigil.DefaultTenant, []sigil.Draft{draft(`1`, nil), draft(`{`, nil), draft(`2`, nil)})
	r.ok("batch", err)
	same(t, "heard", fmt.Sprint(observer.did), "[refused invalid_json encode 2 ]")
}
