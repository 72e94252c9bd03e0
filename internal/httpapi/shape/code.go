package shape

import (
	"fmt"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/codesign"
	"github.com/sigil-dna/sigil/wire"
)

// Code returns the shape of a registered signature, or an error if its statement cannot be read: the store is damaged
// then.
func Code(s *sigil.Signature) (wire.CodeSignature, error) {
	statement, err := codesign.ReadStatement(s.Statement)
	if err != nil {
		return wire.CodeSignature{}, fmt.Errorf("signature %s of %s: %w", s.ID, s.Tenant, err)
	}
	said := statement.Signature
	v := wire.CodeSignature{
		ID: s.ID, Tenant: s.Tenant, SHA256: s.Body.String(), Size: said.Size, Name: said.Name, State: said.State,
		Frequency: said.Frequency().Value(), Signer: said.Signer.String(), SignedAt: wire.Timestamp{Time: said.Time},
		PublicKey: statement.Key.String(), Header: statement.Header, Detached: statement.Detached,
		RegisteredAt: wire.Timestamp{Time: s.RegisteredAt}, RevokedAt: deadline(s.RevokedAt), Reason: s.Reason,
	}
	if said.Blocks.Size > 0 {
		v.Blocks = said.Blocks.String()
	}
	return v, nil
}

// Codes returns the shapes of several.
func Codes(all []sigil.Signature) ([]wire.CodeSignature, error) {
	shapes := make([]wire.CodeSignature, len(all))
	for i := range all {
		var err error
		if shapes[i], err = Code(&all[i]); err != nil {
			return nil, err
		}
	}
	return shapes, nil
}

// Ref returns the shape of what names a signature.
func Ref(s *sigil.SignatureRef) *wire.SignatureRef {
	return &wire.SignatureRef{ID: s.ID, SHA256: s.Body.String(), Signer: fmt.Sprintf("%016X", s.Signer)}
}
