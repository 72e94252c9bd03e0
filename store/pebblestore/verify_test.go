package pebblestore_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// TestVerifyNamesWhatIsMissing deletes the first or last record of a family from the disk, bypassing the
// store.
func TestVerifyNamesWhatIsMissing(t *testing.T) {
	for name, tt := range map[string]struct {
		family byte // 0: none
		take   func(*pebble.Iterator) bool
		want   string
	}{
		"nothing":                       {0, nil, ""},
		"a content":                     {'b', (*pebble.Iterator).First, "has figures but no content"},
		"a memory":                      {'m', (*pebble.Iterator).First, "has content but no figures"},
		"a journal entry":               {'j', (*pebble.Iterator).First, "the journal has 3 entries and should have 4"},
		"the newest journal entry":      {'j', (*pebble.Iterator).Last, "exists, but is gone according to the journal"},
		"the end of a request's answer": {'x', (*pebble.Iterator).First, "would never be dropped"},
		"a signature":                   {'s', (*pebble.Iterator).First, "is missing, but exists according to the journal"},
		"a signature's body":            {'h', (*pebble.Iterator).First, "would not be found"},
		"a signature's signer":          {'k', (*pebble.Iterator).First, "would not be found"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			sign(t, s, "public", 1)
			for _, key := range []string{"k", "l"} {
				if _, err := engine.New(s, nil).Encode(t.Context(), "public", sigil.Draft{Data: []byte(`1`), IdempotencyKey: key}); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Verify(t.Context()); err != nil {
				t.Fatalf("a sound store: %v", err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if tt.family != 0 {
				takeOff(t, dir, tt.family, tt.take)
			}
			err := open(t, dir).Verify(t.Context())
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// sign registers a signature and revokes it.
func sign(t *testing.T, s *pebblestore.Store, tenant string, n byte) sigil.Signature {
	t.Helper()
	now := time.UnixMilli(1_764_000_000_000).UTC()
	ref := sigil.SignatureRef{ID: sigil.ID{15: n}, Body: sigil.Hash{n}, Signer: uint64(n)}
	event := func(kind sigil.EventKind) *sigil.Event {
		return &sigil.Event{Time: now, Kind: kind, Reason: sigil.ReasonRequest, Memory: sigil.Meta{Key: sigil.Key{Tenant: tenant}}, Signature: &ref}
	}
	signature := sigil.Signature{Tenant: tenant, SignatureRef: ref, RegisteredAt: now, Statement: []byte("said")}
	if _, _, err := s.Register(t.Context(), signature, 0, *event(sigil.Signed)); err != nil {
		t.Error(err)
	}
	if _, err := s.Revoke(t.Context(), tenant, ref.Body, ref.ID, func(s *sigil.Signature) *sigil.Event {
		s.RevokedAt = now
		return event(sigil.Revoked)
	}); err != nil {
		t.Error(err)
	}
	signature.RevokedAt = now
	return signature
}

// takeOff deletes the record of a family that take goes to from the closed store in dir.
func takeOff(t *testing.T, dir string, family byte, take func(*pebble.Iterator) bool) {
	t.Helper()
	db, err := pebble.Open(filepath.Join(dir, "pebble"), pebblestore.DatabaseOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{family}, UpperBound: []byte{family + 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close()
	if !take(it) {
		t.Fatalf("no record of family %c", family)
	}
	if err := db.Delete(it.Key(), pebble.Sync); err != nil {
		t.Fatal(err)
	}
}
