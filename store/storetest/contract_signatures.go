package storetest

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

var signatureIdeas = []idea{
	{"every field comes back as it was, and the journal has an entry", func(f *fixture) {
		odd := f.signature()
		odd.Signer, odd.Statement = 1<<64-1, []byte("\x00\xff statement \x00")
		odd.Body = sigil.Hash{31: 0xff}
		empty := f.signature()
		empty.Signer, empty.Statement, empty.Body = 0, nil, sigil.Hash{}
		for _, s := range []sigil.Signature{odd, empty} {
			kept, added, err := f.Register(f.ctx(), s, 0, signed(s))
			f.ok("Register", err)
			equal(f.t, "added", added, true)
			equal(f.t, "kept", kept, s)
		}
		equal(f.t, "signatures", f.signatures(store.SignatureQuery{}), []sigil.Signature{empty, odd})
		want := []sigil.Event{signed(odd), signed(empty)}
		want[0].Position, want[1].Position = 1, 2
		equal(f.t, "events", unhashed(f.events(sigil.DefaultTenant)), want)
	}},
	{"an id is registered once", func(f *fixture) {
		s := f.sign()
		other := f.signature()
		other.ID = s.ID
		kept, added, err := f.Register(f.ctx(), other, 0, signed(other))
		f.ok("Register", err)
		equal(f.t, "added", added, false)
		equal(f.t, "kept", kept, s)
		equal(f.t, "signatures", f.signatures(store.SignatureQuery{}), []sigil.Signature{s})
		equal(f.t, "events", len(f.events(sigil.DefaultTenant)), 1)
	}},
	{"a revocation of all is before or after a registration, and a list is of one moment", func(f *fixture) {
		for range 100 {
			first, second := f.sign(), f.signature()
			second.Body = first.Body
			var revocation []sigil.Signature
			var lists [][]sigil.Signature
			done := make(chan struct{})
			var all sync.WaitGroup
			all.Go(func() {
				var err error
				if revocation, err = f.Revoke(f.ctx(), first.Tenant, first.Body, sigil.ID{}, revoked(start, "no")); err != nil {
					f.t.Errorf("Revoke: %v", err)
				}
			})
			all.Go(func() {
				for stop := false; !stop; {
					select {
					case <-done:
						stop = true // after one more
					default:
					}
					page, _, err := f.Signatures(f.ctx(), store.SignatureQuery{Tenant: first.Tenant, Body: &first.Body, Limit: 10})
					if err != nil {
						f.t.Errorf("Signatures: %v", err)
						return
					}
					lists = append(lists, page)
				}
			})
			_, _, err := f.Register(f.ctx(), second, 0, signed(second))
			close(done)
			all.Wait()
			f.ok("Register", err)
			for _, page := range lists {
				// They are newest first: the second signature, if it is there, and the first.
				there, over := len(page) == 2, !page[len(page)-1].RevokedAt.IsZero()
				if len(revocation) == 1 && there && !over {
					f.t.Fatal("the second signature is there, the revocation found only the first, and that one is not revoked")
				}
				if len(revocation) == 2 && over && (!there || page[0].RevokedAt.IsZero()) {
					f.t.Fatalf("both were revoked in one commit, and a list shows %+v", page)
				}
			}
		}
	}},
	{"tenants are apart", func(f *fixture) {
		a, b := f.signature(), f.signature()
		a.Tenant, b.Tenant = "a", "b"
		b.SignatureRef = a.SignatureRef
		for _, s := range []sigil.Signature{a, b} {
			_, added, err := f.Register(f.ctx(), s, 1, signed(s))
			f.ok("Register", err)
			equal(f.t, "added", added, true)
		}
		_, err := f.Revoke(f.ctx(), "a", a.Body, a.ID, revoked(start, "no"))
		f.ok("Revoke", err)
		equal(f.t, "of b", f.signatures(store.SignatureQuery{Tenant: "b", Body: &b.Body}), []sigil.Signature{b})
		equal(f.t, "of c", f.signatures(store.SignatureQuery{Tenant: "c"}), nil)
		tenants, err := f.Tenants(f.ctx())
		f.ok("Tenants", err)
		equal(f.t, "tenants", tenants, []string{"a", "b"})
	}},
	{"lists have pages and filters, newest first", func(f *fixture) {
		var all []sigil.Signature
		for i := range 12 {
			s := f.signature()
			s.Signer, s.Body = uint64(i%2), sigil.Hash{byte(i % 3)}
			_, _, err := f.Register(f.ctx(), s, 0, signed(s))
			f.ok("Register", err)
			all = append([]sigil.Signature{s}, all...)
		}
		one, body := uint64(1), sigil.Hash{2}
		for name, q := range map[string]store.SignatureQuery{
			"all": {}, "by a signer": {Signer: &one}, "of a body": {Body: &body}, "of a body by a signer": {Body: &body, Signer: &one},
		} {
			var want []sigil.Signature
			for _, s := range all {
				if q.Matches(&s.SignatureRef) {
					want = append(want, s)
				}
			}
			for limit := 1; limit <= len(want)+1; limit++ {
				var got []sigil.Signature
				q.Limit, q.Before, q.Tenant = limit, sigil.ID{}, sigil.DefaultTenant
				for more := true; more; {
					var page []sigil.Signature
					var err error
					page, more, err = f.Signatures(f.ctx(), q)
					f.ok("Signatures", err)
					if len(page) > limit || more && len(page) < limit {
						f.t.Fatalf("%s: a page of %d with limit %d, more %v", name, len(page), limit, more)
					}
					got = append(got, page...)
					if len(page) > 0 {
						q.Before = page[len(page)-1].ID
					}
				}
				equal(f.t, fmt.Sprintf("%s, %d at a time", name, limit), got, want)
			}
		}
	}},
	{"a revocation is kept, and changes nothing else", func(f *fixture) {
		first, second, other := f.signature(), f.signature(), f.signature()
		second.Body = first.Body
		for _, s := range []sigil.Signature{first, second, other} {
			_, _, err := f.Register(f.ctx(), s, 0, signed(s))
			f.ok("Register", err)
		}
		at := start.Add(time.Hour)
		found, err := f.Revoke(f.ctx(), sigil.DefaultTenant, first.Body, second.ID, func(s *sigil.Signature) *sigil.Event {
			e := revoked(at, "lost key")(s)
			s.Signer, s.Statement, s.RegisteredAt = 7, []byte("other"), start
			return e
		})
		f.ok("Revoke one", err)
		second.RevokedAt, second.Reason = at, "lost key"
		equal(f.t, "found", found, []sigil.Signature{second})

		later := at.Add(time.Hour)
		found, err = f.Revoke(f.ctx(), sigil.DefaultTenant, first.Body, sigil.ID{}, revoked(later, ""))
		f.ok("Revoke all", err)
		first.RevokedAt = later
		equal(f.t, "found", found, []sigil.Signature{first, second})
		equal(f.t, "signatures", f.signatures(store.SignatureQuery{}), []sigil.Signature{other, second, first})
		equal(f.t, "of the body", f.signatures(store.SignatureQuery{Body: &first.Body}), []sigil.Signature{second, first})

		events := unhashed(f.events(sigil.DefaultTenant))
		equal(f.t, "events", len(events), 5)
		for i, want := range []sigil.Signature{second, first} {
			e := sigil.Event{
				Position: uint64(4 + i), Time: want.RevokedAt, Kind: sigil.Revoked, Reason: sigil.ReasonRequest,
				Memory: sigil.Meta{Key: sigil.Key{Tenant: sigil.DefaultTenant}}, Signature: &want.SignatureRef,
			}
			equal(f.t, "event", events[3+i], e)
		}
		kept, added, err := f.Register(f.ctx(), first, 0, signed(first))
		f.ok("Register again", err)
		equal(f.t, "added", added, false)
		equal(f.t, "kept", kept, first)
	}},
	{"what is not there cannot be revoked", func(f *fixture) {
		a, b := f.sign(), f.sign()
		for name, find := range map[string]struct {
			body sigil.Hash
			id   sigil.ID
		}{"no such body": {sigil.Hash{1}, sigil.ID{}}, "the id is of another body": {a.Body, b.ID}, "no such id": {a.Body, sigil.ID{1}}} {
			found, err := f.Revoke(f.ctx(), sigil.DefaultTenant, find.body, find.id, revoked(start, ""))
			f.ok("Revoke", err)
			equal(f.t, name, found, nil)
		}
		equal(f.t, "events", len(f.events(sigil.DefaultTenant)), 2)
	}},
	{"a tenant has a limit", func(f *fixture) {
		first := f.signature()
		for _, s := range []sigil.Signature{first, f.signature()} {
			_, _, err := f.Register(f.ctx(), s, 2, signed(s))
			f.ok("Register", err)
		}
		third := f.signature()
		_, _, err := f.Register(f.ctx(), third, 2, signed(third))
		fails(f.t, "a third", err, sigil.ErrFull, "signatures_full")
		_, added, err := f.Register(f.ctx(), first, 2, signed(first))
		f.ok("the first again", err)
		equal(f.t, "added", added, false)
		_, added, err = f.Register(f.ctx(), third, 3, signed(third))
		f.ok("a third with a greater limit", err)
		equal(f.t, "added", added, true)
	}},
	{"it is no memory, and outlives the journal", func(f *fixture) {
		s := f.sign()
		m := f.encode()
		inserted, err := f.tryInsert(store.Quota{Memories: 2, Bytes: 1000}, f.memory())
		f.ok("Insert", err)
		equal(f.t, "evicted", inserted.Evicted, nil)
		equal(f.t, "due", len(f.due(start.Add(1000*time.Hour), 10)), 2)
		equal(f.t, "memories", f.stats(sigil.DefaultTenant, start).Memories, 2)
		f.forget(m.Key)
		_, err = f.Trim(f.ctx(), time.Time{}, 1)
		f.ok("Trim", err)
		equal(f.t, "signatures", f.signatures(store.SignatureQuery{Body: &s.Body}), []sigil.Signature{s})
	}},
	{"of many at once one is added, and the limit holds", func(f *fixture) {
		s := f.signature()
		var more []sigil.Signature
		for range 8 {
			more = append(more, f.signature())
		}
		var same, all atomic.Int64
		var wg sync.WaitGroup
		for _, own := range more {
			wg.Go(func() {
				_, added, err := f.Register(f.ctx(), s, 5, signed(s))
				if err != nil && sigil.CodeOf(err) != "signatures_full" {
					f.t.Errorf("Register: %v", err)
				}
				if added {
					same.Add(1)
					all.Add(1)
				}
				if _, added, err = f.Register(f.ctx(), own, 5, signed(own)); err != nil && sigil.CodeOf(err) != "signatures_full" {
					f.t.Errorf("Register: %v", err)
				}
				if added {
					all.Add(1)
				}
				if _, err := f.Revoke(f.ctx(), s.Tenant, s.Body, sigil.ID{}, revoked(start, "")); err != nil {
					f.t.Errorf("Revoke: %v", err)
				}
			})
		}
		wg.Wait()
		if same.Load() > 1 {
			f.t.Errorf("one signature was added %d times", same.Load())
		}
		equal(f.t, "added", all.Load(), int64(5))
		kinds := map[sigil.EventKind]int64{}
		for _, e := range f.events(sigil.DefaultTenant) {
			kinds[e.Kind]++
		}
		equal(f.t, "entries", kinds[sigil.Signed], 5)
		if kinds[sigil.Revoked] > 1 {
			f.t.Errorf("one signature was revoked %d times", kinds[sigil.Revoked])
		}
		equal(f.t, "signatures", len(f.signatures(store.SignatureQuery{})), 5)
	}},
}

// signature returns a signature that is not registered yet, of a body and by a key of its own. Each is a millisecond
// younger than the previous one, and has a greater id.
func (f *fixture) signature() sigil.Signature {
	n := f.n.Add(1)
	at := start.Add(time.Duration(n) * time.Millisecond)
	return sigil.Signature{
		Tenant:       sigil.DefaultTenant,
		SignatureRef: sigil.SignatureRef{ID: idAt(at, n), Body: sha256.Sum256(fmt.Append(nil, n)), Signer: uint64(n)},
		RegisteredAt: at, Statement: fmt.Appendf(nil, "statement %d", n),
	}
}

// sign registers a new signature.
func (f *fixture) sign() sigil.Signature {
	f.t.Helper()
	s := f.signature()
	_, added, err := f.Register(f.ctx(), s, 0, signed(s))
	f.ok("Register", err)
	equal(f.t, "added", added, true)
	return s
}

// revoke revokes a registered signature.
func (f *fixture) revoke(s sigil.Signature, reason string, at time.Time) {
	f.t.Helper()
	found, err := f.Revoke(f.ctx(), s.Tenant, s.Body, s.ID, revoked(at, reason))
	f.ok("Revoke", err)
	equal(f.t, "found", len(found), 1)
}

// signatures returns everything that q finds, of the default tenant if it names none. It must be one page.
func (f *fixture) signatures(q store.SignatureQuery) []sigil.Signature {
	f.t.Helper()
	if q.Limit = 1000; q.Tenant == "" {
		q.Tenant = sigil.DefaultTenant
	}
	page, more, err := f.Signatures(f.ctx(), q)
	f.ok("Signatures", err)
	equal(f.t, "more", more, false)
	return slices.Clip(page)
}

// signed returns the journal entry of a registration.
func signed(s sigil.Signature) sigil.Event {
	return sigil.Event{
		Time: s.RegisteredAt, Kind: sigil.Signed, Reason: sigil.ReasonRequest,
		Memory: sigil.Meta{Key: sigil.Key{Tenant: s.Tenant}}, Signature: &s.SignatureRef,
	}
}

// revoked returns the function to pass to Revoke, as an engine would at that time.
func revoked(at time.Time, reason string) func(*sigil.Signature) *sigil.Event {
	return func(s *sigil.Signature) *sigil.Event {
		if !s.RevokedAt.IsZero() {
			return nil
		}
		s.RevokedAt, s.Reason = at, reason
		ref := s.SignatureRef
		return &sigil.Event{
			Time: at, Kind: sigil.Revoked, Reason: sigil.ReasonRequest,
			Memory: sigil.Meta{Key: sigil.Key{Tenant: s.Tenant}}, Signature: &ref,
		}
	}
}
