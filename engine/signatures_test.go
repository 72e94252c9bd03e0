package engine_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/storetest"
)

func signature(n byte) sigil.Signature {
	return sigil.Signature{
		Tenant:       "public",
		SignatureRef: sigil.SignatureRef{ID: sigil.NewID(time.UnixMilli(1000 + int64(n))), Body: sigil.Hash{n}, Signer: uint64(n)},
		Statement:    []byte{'s', n},
	}
}

func TestASignatureIsRegisteredOnce(t *testing.T) {
	e := engine.New(storetest.NewModel(), nil)
	s := signature(1)
	sent := bytes.Clone(s.Statement)
	s.RevokedAt = time.Unix(1, 0) // not for the caller to say
	first, added, err := e.Register(t.Context(), s)
	if err != nil || !added || first.RegisteredAt.IsZero() || !first.RevokedAt.IsZero() {
		t.Fatalf("%+v, %v, %v", first, added, err)
	}
	again, added, err := e.Register(t.Context(), s)
	if err != nil || added || again.RegisteredAt != first.RegisteredAt {
		t.Errorf("again: %+v, %v, %v", again, added, err)
	}
	s.Statement[0] = 'x'
	if _, _, err := e.Register(t.Context(), s); !errors.Is(err, sigil.ErrConflict) || sigil.CodeOf(err) != "signature_exists" {
		t.Errorf("another statement: %v", err)
	}
	page, err := e.Signatures(t.Context(), "public", engine.SignatureQuery{Body: &s.Body})
	if err != nil || len(page.Signatures) != 1 || page.Next != "" || !bytes.Equal(page.Signatures[0].Statement, sent) {
		t.Errorf("%+v, %v", page, err)
	}
}

func TestOneSignatureIsFound(t *testing.T) {
	e := engine.New(storetest.NewModel(), nil)
	all := []sigil.Signature{signature(1), signature(2), signature(3)}
	all[1].ID, all[2].ID = sigil.ID{0: 1, 15: 255}, sigil.ID(bytes.Repeat([]byte{255}, 16))
	for i := range all {
		all[i].Body = sigil.Hash{1}
		if _, _, err := e.Register(t.Context(), all[i]); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range all {
		if got, err := e.Signature(t.Context(), "public", s.Body, s.ID); err != nil || got.SignatureRef != s.SignatureRef {
			t.Errorf("%v: %+v, %v", s.ID, got, err)
		}
	}
	for _, id := range []sigil.ID{{}, {0: 1}, {0: 2}} {
		if got, err := e.Signature(t.Context(), "public", sigil.Hash{1}, id); !errors.Is(err, sigil.ErrNotFound) {
			t.Errorf("%v: %+v, %v", id, got, err)
		}
	}
}

func TestARevocationIsTheFirst(t *testing.T) {
	now := time.UnixMilli(1_764_000_000_000).UTC()
	e := engine.New(storetest.NewModel(), &engine.Options{Clock: func() time.Time { return now }})
	a, b := signature(1), signature(2)
	b.Body = a.Body
	for _, s := range []sigil.Signature{a, b} {
		if _, _, err := e.Register(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Revoke(t.Context(), "public", a.Body, a.ID, "lost key"); err != nil {
		t.Fatal(err)
	}
	first := now
	now = now.Add(time.Hour)
	all, err := e.Revoke(t.Context(), "public", a.Body, sigil.ID{}, "all of them")
	if err != nil || len(all) != 2 || all[0].RevokedAt != first || all[0].Reason != "lost key" || all[1].RevokedAt != now || all[1].Reason != "all of them" {
		t.Errorf("%+v, %v", all, err)
	}
	if s, _, err := e.Register(t.Context(), a); err != nil || s.RevokedAt != first {
		t.Errorf("registered again: %+v, %v", s, err)
	}
	events, err := e.Events(t.Context(), "public", 0, 0)
	if err != nil || len(events) != 4 {
		t.Fatalf("%+v, %v", events, err)
	}
	for i, want := range []sigil.EventKind{sigil.Signed, sigil.Signed, sigil.Revoked, sigil.Revoked} {
		if events[i].Kind != want || events[i].Signature.ID != []sigil.ID{a.ID, b.ID}[i%2] {
			t.Errorf("entry %d: %+v", i, events[i])
		}
	}
}

func TestWhatIsNoSignatureIsRefused(t *testing.T) {
	e := engine.New(storetest.NewModel(), &engine.Options{Limits: engine.Limits{Signatures: 1}})
	register := func(change func(*sigil.Signature)) error {
		s := signature(1)
		change(&s)
		_, _, err := e.Register(t.Context(), s)
		return err
	}
	if err := register(func(*sigil.Signature) {}); err != nil {
		t.Fatal(err)
	}
	revoke := func(body sigil.Hash, reason string) error {
		_, err := e.Revoke(t.Context(), "public", body, sigil.ID{}, reason)
		return err
	}
	list := func(q engine.SignatureQuery) error {
		_, err := e.Signatures(t.Context(), "public", q)
		return err
	}
	for want, err := range map[string]error{
		"invalid_tenant":      register(func(s *sigil.Signature) { s.Tenant = "a\x00b" }),
		"invalid_id":          register(func(s *sigil.Signature) { s.ID = sigil.ID{} }),
		"statement_too_large": register(func(s *sigil.Signature) { s.Statement = make([]byte, 8<<10+1) }),
		"signatures_full":     register(func(s *sigil.Signature) { s.ID[15]++ }),
		"not_found":           revoke(sigil.Hash{9}, ""),
		"invalid_reason":      revoke(sigil.Hash{1}, strings.Repeat("x", 257)),
		"invalid_limit":       list(engine.SignatureQuery{Limit: -1}),
		"invalid_cursor":      list(engine.SignatureQuery{Cursor: "x"}),
	} {
		if got := sigil.CodeOf(err); got != want {
			t.Errorf("got %q (%v), want %q", got, err, want)
		}
	}
	for _, reason := range []string{"two\nlines", "\xff", "a\x00b"} {
		if err := revoke(sigil.Hash{1}, reason); sigil.CodeOf(err) != "invalid_reason" {
			t.Errorf("%q: %v", reason, err)
		}
	}
}
