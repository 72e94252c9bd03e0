package engine_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/receipt"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// erase erases what a query chooses, and returns the result and what the receipt says, which it verifies.
func (r *rig) erase(q engine.EraseQuery) (engine.Erased, receipt.Receipt) {
	r.t.Helper()
	done, err := r.Erase(r.ctx(), sigil.DefaultTenant, q)
	r.ok("erase", err)
	return done, r.verified(done.Receipt)
}

func (r *rig) verified(document []byte) receipt.Receipt {
	r.t.Helper()
	text, err := r.Key(r.ctx())
	r.ok("key", err)
	var key ed25519.PublicKey
	key, err = receipt.ParseKey(text)
	r.ok("key", err)
	said, err := receipt.Verify(document, key)
	r.ok("verify", err)
	return said
}

func TestEraseErasesWhatWasForgottenToo(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	a, b, stays := r.encode(`"green tea"`, nil), r.encode(`"black tea"`, nil), r.encode(`"coffee"`, nil)
	r.forget(b.Key)
	r.clock.set(time.Minute)
	dry, err := r.Erase(r.ctx(), sigil.DefaultTenant, engine.EraseQuery{IDs: []sigil.ID{a.ID, b.ID, {1}}, DryRun: true})
	r.ok("dry run", err)
	same(t, "dry run", dry.Counts, receipt.Counts{Memories: 1, Removed: 1, Bytes: int64(a.Size + b.Size)})
	same(t, "receipt of a dry run", len(dry.Receipt), 0)
	r.lives(a.Key, true)

	done, said := r.erase(engine.EraseQuery{IDs: []sigil.ID{a.ID, b.ID, {1}, a.ID}, By: "operator"})
	same(t, "counts", done.Counts, receipt.Counts{Memories: 1, Removed: 1, Bytes: int64(a.Size + b.Size), Entries: 3})
	same(t, "said", said.Counts, done.Counts)
	same(t, "by", said.By, "operator")
	same(t, "at", said.At, start.Add(time.Minute))
	same(t, "request", said.Request, "ids")
	ids := []sigil.ID{a.ID, b.ID}
	if bytes.Compare(a.ID[:], b.ID[:]) > 0 {
		ids = []sigil.ID{b.ID, a.ID}
	}
	same(t, "ids", said.IDs, receipt.HashIDs(ids))
	r.lives(a.Key, false)
	r.lives(stays.Key, true)
	same(t, "removed", len(r.removed()), 0)
	_, err = r.Restore(r.ctx(), b.Key)
	same(t, "restore", sigil.CodeOf(err), "not_restorable")
	_, err = r.Explain(r.ctx(), b.Key)
	r.fails("explain", err, sigil.ErrNotFound, "not_found", "id")
	if why := err.Error(); !strings.Contains(why, "it was erased at "+start.Add(time.Minute).Format(time.RFC3339)) {
		t.Errorf("explain: %s", why)
	}

	_, said = r.erase(engine.EraseQuery{IDs: []sigil.ID{a.ID}})
	same(t, "again", said.Counts, receipt.Counts{})
	same(t, "link of nothing", said.Link, "")
}

func TestEraseByTagsQueryAndTenant(t *testing.T) {
	for _, test := range []struct {
		name    string
		q       engine.EraseQuery
		request string
		live    int
		removed int
	}{
		{"tags", engine.EraseQuery{Tags: []string{"x"}}, "tags", 4, 2},
		{"query", engine.EraseQuery{Text: "tea"}, "search", 4, 0},
		{"tenant", engine.EraseQuery{All: true}, "tenant", 8, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := undo(t, store.Quota{}, store.Quota{})
			var other []sigil.Memory
			for i := range 12 {
				word, tag := "tea", "x"
				if i%2 == 1 {
					word, tag = "coffee", "y"
				}
				m := r.encode(fmt.Sprintf(`"%s %d"`, word, i), func(d *sigil.Draft) { d.Tags = []string{tag}; d.Pinned = i < 8 })
				if i >= 8 && i < 10 {
					r.forget(m.Key) // the others of the four fade
				}
			}
			m, err := r.Encode(r.ctx(), "other", sigil.Draft{Data: []byte(`"tea"`), Tags: []string{"x"}, Pinned: true})
			r.ok("encode", err)
			other = append(other, m)
			r.clock.set(2 * time.Minute)
			dry := test.q
			dry.DryRun = true
			counted, err := r.Erase(r.ctx(), sigil.DefaultTenant, dry)
			r.ok("dry run", err)
			done, said := r.erase(test.q)
			same(t, "memories", [2]int{done.Counts.Memories, done.Counts.Removed}, [2]int{test.live, test.removed})
			same(t, "dry run", [3]int{counted.Counts.Memories, counted.Counts.Removed, int(counted.Counts.Bytes)}, [3]int{test.live, test.removed, int(done.Counts.Bytes)})
			same(t, "request", said.Request, test.request)
			for _, m := range other {
				_, err := r.Peek(r.ctx(), m.Key)
				r.ok("peek", err)
			}
		})
	}
}

func TestErasureNamesBackups(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	r.UseBackups(func() ([]string, error) { return []string{"the backup nightly"}, nil })
	m := r.encode(`"tea"`, nil)
	done, said := r.erase(engine.EraseQuery{IDs: []sigil.ID{m.ID}})
	same(t, "remains", fmt.Sprint(said.Remains), fmt.Sprint(done.Remains))
	if !strings.Contains(strings.Join(said.Remains, "\n"), "nightly") {
		t.Errorf("remains: %q", said.Remains)
	}
}

// onTape is a store whose bytes may be elsewhere.
type onTape struct{ store.Store }

func (s onTape) Erase(ctx context.Context, keys []sigil.Key, event func(sigil.Meta, bool) sigil.Event) (store.Erasure, error) {
	done, err := s.Store.Erase(ctx, keys, event)
	done.Remains = append(done.Remains, "a tape")
	return done, err
}

func TestAnErasureOfNothingSaysWhatTheStoreMayHave(t *testing.T) {
	e := engine.New(onTape{storetest.NewUndoModel()}, nil)
	for _, q := range []engine.EraseQuery{{IDs: []sigil.ID{{1}}}, {Tags: []string{"x"}}, {All: true}} {
		done, err := e.Erase(t.Context(), sigil.DefaultTenant, q)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "remains", fmt.Sprint(done.Remains), "[a tape]")
	}
}

func TestEraseRefuses(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	for name, q := range map[string]engine.EraseQuery{
		"nothing": {}, "two": {All: true, Tags: []string{"x"}}, "a blank query": {Text: " "},
	} {
		if _, err := r.Erase(r.ctx(), sigil.DefaultTenant, q); sigil.CodeOf(err) == "" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	_, err := r.Erase(r.ctx(), "no/tenant", engine.EraseQuery{All: true})
	if err == nil {
		t.Error("a bad tenant was taken")
	}
}

func TestManyAreErasedInSteps(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	for i := range 2100 {
		r.encode(fmt.Sprint(i), nil)
	}
	done, said := r.erase(engine.EraseQuery{All: true})
	same(t, "memories", done.Counts.Memories, 2100)
	same(t, "position", said.Position, 4200)
	trimmed, newest, err := r.JournalBounds(r.ctx())
	r.ok("bounds", err)
	same(t, "bounds", [2]uint64{trimmed, newest}, [2]uint64{0, 4200})
}
