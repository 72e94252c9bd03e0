package layout_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

func TestKeysAreReadAsTheyAreMade(t *testing.T) {
	const tenant = "b.c_d"
	id := sigil.NewID(time.UnixMilli(1_764_000_000_000))
	for _, family := range []byte{layout.MetaFamily, layout.BodyFamily} {
		if got, ok := layout.SplitMemoryKey(layout.MemoryKey(family, tenant, id)); !ok || got != (sigil.Key{Tenant: tenant, ID: id}) {
			t.Errorf("a memory's key is read as %v, %v", got, ok)
		}
	}
	if got, position, ok := layout.SplitJournalKey(layout.JournalKey(tenant, 1<<40)); !ok || got != tenant || position != 1<<40 {
		t.Errorf("a journal key is read as %q, %d, %v", got, position, ok)
	}
	body := sigil.Hash{1, 0, 31: 2}
	for _, key := range [][]byte{layout.SignatureKey(tenant, id), layout.BodyKey(tenant, body, id), layout.SignerKey(tenant, 1<<40, id)} {
		if got, ok := layout.SplitSignatureKey(key); !ok || got != (sigil.Key{Tenant: tenant, ID: id}) {
			t.Errorf("the signature's key %q is read as %v, %v", key, got, ok)
		}
	}
	if ends, got, key, ok := layout.SplitExpiryKey(layout.ExpiryKey(12345, tenant, "a\x00b")); !ok || ends != 12345 || got != tenant || key != "a\x00b" {
		t.Errorf("the key of an answer's end is read as %d, %q, %q, %v", ends, got, key, ok)
	}
	if of, at, size, ok := layout.SplitRemoval(layout.RemovalKey(tenant, 12345, id), layout.RemovalSize(300)); !ok || of != (sigil.Key{Tenant: tenant, ID: id}) || at != 12345 || size != 300 {
		t.Errorf("the key of a removal is read as %v, %d, %d, %v", of, at, size, ok)
	}
	if number, ok := layout.SplitPolicyKey(layout.PolicyKey(515)); !ok || number != 515 {
		t.Errorf("a policy's key is read as %d, %v", number, ok)
	}
	if position, ok := layout.ReadPosition(layout.Position(7)); !ok || position != 7 {
		t.Errorf("a position is read as %d, %v", position, ok)
	}
	claim := layout.Claim{Position: 7, Owner: id, Until: -1}
	if got, ok := layout.ReadClaim(claim.Bytes()); !ok || got != claim {
		t.Errorf("a claim is read as %v, %v", got, ok)
	}
}

// A key that was cut anywhere is refused, or is that of another tenant with a shorter name; it never ends the
// process.
func TestShortKeysAreRefused(t *testing.T) {
	key := layout.ExpiryKey(12345, "t", "k")
	for n := range 9 {
		if _, _, _, ok := layout.SplitExpiryKey(key[:n]); ok {
			t.Errorf("%d bytes of the key of an end are read", n)
		}
	}
	for n := range 18 {
		if _, ok := layout.SplitMemoryKey(layout.MemoryKey(layout.MetaFamily, "t", sigil.ID{1})[:n]); ok {
			t.Errorf("%d bytes of a memory's key are read", n)
		}
	}
	key = layout.RemovalKey("t", 12345, sigil.ID{1})
	for n := range key {
		if _, _, _, ok := layout.SplitRemoval(key[:n], layout.RemovalSize(1)); ok {
			t.Errorf("%d bytes of the key of a removal are read", n)
		}
	}
	for _, key := range [][]byte{layout.SignatureKey("t", sigil.ID{1}), layout.BodyKey("t", sigil.Hash{1}, sigil.ID{1}), layout.SignerKey("t", 1<<56, sigil.ID{1})} {
		for n := range key {
			if _, ok := layout.SplitSignatureKey(key[:n]); ok {
				t.Errorf("%d bytes of the signature's key %q are read", n, key)
			}
		}
	}
}

// Any damaged bit in the identity of a store is detected. For another format, only the format itself is read.
func TestInfoIsWhatWasWritten(t *testing.T) {
	info := layout.NewInfo(sigil.NewID(time.Now()), time.UnixMilli(1_764_000_000_000).UTC())
	infoIsWhatWasWritten(t, info)
	info.Epoch = sigil.NewID(time.Now())
	infoIsWhatWasWritten(t, info)
}

func infoIsWhatWasWritten(t *testing.T, info store.Info) {
	t.Helper()
	b, err := layout.Info(info)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := layout.ReadInfo(b); !ok || got != info {
		t.Errorf("%s is read as %+v, %v", b, got, ok)
	}
	other := bytes.Replace(b, []byte(`"format":7`), []byte(`"format":9`), 1)
	if got, ok := layout.ReadInfo(other); !ok || got.Format != 9 {
		t.Errorf("%s is read as %+v, %v", other, got, ok)
	}
	for i := range b {
		for bit := range 8 {
			flipped := bytes.Clone(b)
			flipped[i] ^= 1 << bit
			if got, ok := layout.ReadInfo(flipped); ok && got != info && layout.Oldest <= got.Format && got.Format <= layout.Format {
				t.Errorf("%s is read as %+v", flipped, got)
			}
		}
	}
}

func TestPoliciesEnd(t *testing.T) {
	p := layout.FixedPolicies(slices.Repeat([]sigil.Policy{sigil.DefaultPolicy()}, 1<<16))
	if _, err := p.Add(sigil.DefaultClassic()); sigil.CodeOf(err) != "policies_full" {
		t.Errorf("one too many: %v", err)
	}
}
