package campaign_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// signs reports whether a signature is registered beside memory n, and whether it is revoked then.
func signs(n int) (signed, revoked bool) { return n%8 == 0, n%16 == 0 }

// entries returns the number of journal entries of n memories, half of which fade, and of their signatures.
func entries(n int) int {
	count := n
	for i := range n {
		signed, revoked := signs(i)
		for _, also := range []bool{short(i), signed, revoked} {
			if also {
				count++
			}
		}
	}
	return count
}

// sign registers the signature beside memory n, if there is one, and revokes it, if it is revoked, each until it is
// acknowledged, at the next daemon if one does not answer.
func (f *fleet) sign(ctx context.Context, n int) {
	signed, revoked := signs(n)
	if !signed {
		return
	}
	body := sha256.Sum256(fmt.Append(nil, n))
	s, err := f.signer.SignHash(fmt.Sprintf("%d.py", n), body, 1)
	if err != nil {
		f.t.Error(err)
		return
	}
	acknowledge := func(what string, send func(c *client.Client) error) {
		for at := n; ctx.Err() == nil; at++ {
			if err := send(f.client(at)); err == nil {
				return
			}
			f.retried.Add(1)
		}
		f.t.Errorf("signature %d was never %s", n, what)
	}
	acknowledge("registered", func(c *client.Client) error {
		_, err := c.CodeRegister(ctx, client.CodeRegister{PublicKey: s.Key.String(), Header: s.Header, Size: &s.Signature.Size})
		return err
	})
	f.codes.Store(n, s.Signature.ID)
	if revoked {
		acknowledge("revoked", func(c *client.Client) error {
			_, err := c.CodeRevoke(ctx, body, s.Signature.ID, strconv.Itoa(n))
			return err
		})
	}
}

// compareCode compares the signatures that exist, and how often each was registered and revoked, with what was
// acknowledged.
func (f *fleet) compareCode(ctx context.Context, n int, signed, revoked map[sigil.ID]int) {
	f.t.Helper()
	there := map[sigil.ID]client.CodeSignature{}
	for s, err := range f.client(0).AllCodes(ctx, client.CodeQuery{Limit: 1000}) {
		if err != nil {
			f.t.Fatal(err)
		}
		there[s.ID] = s
	}
	want := 0
	for i := range n {
		isSigned, isRevoked := signs(i)
		v, ok := f.codes.Load(i)
		if !isSigned || !ok { // if it was not acknowledged, that was told of
			continue
		}
		want++
		id := v.(sigil.ID) //nolint:forcetypeassert // as it was stored
		times := 0
		if isRevoked {
			times = 1
		}
		s, ok := there[id]
		if !ok || signed[id] != 1 || revoked[id] != times || (s.RevokedAt != nil) != isRevoked || isRevoked && s.Reason != strconv.Itoa(i) {
			f.t.Errorf("signature %d was registered %d times and revoked %d times, want 1 and %d; it is %+v", i, signed[id], revoked[id], times, s)
		}
	}
	if len(there) != want || len(signed) != want {
		f.t.Errorf("%d signatures, %d according to the journal, want %d", len(there), len(signed), want)
	}
}
