package httpapi

import (
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/canon"
	"github.com/sigil-dna/sigil/internal/codesign"
	"github.com/sigil-dna/sigil/internal/httpapi/draft"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
	"github.com/sigil-dna/sigil/wire"
)

// Code configures the routes under /v1/code.
type Code struct {
	// Key signs what is sent to /v1/code:sign; nil refuses that. What it signed is trusted.
	Key *codesign.PrivateKey
	// Trust has further keys: those whose signatures /v1/code:verify accepts, and those that are revoked. It must not be
	// changed; it may be nil.
	Trust *codesign.Trust
	// Verdict, if not nil, is called for each verdict.
	Verdict func(verdict string)
}

// trusted returns the keys that the service knows, trusted and revoked, whatever a request says.
func (o *Code) trusted() *codesign.Trust {
	t := &codesign.Trust{}
	if o.Key != nil {
		t.Add(codesign.TrustedKey{PublicKey: o.Key.Public()})
	}
	for _, k := range o.Trust.Keys() { // after the own key, which it may revoke
		t.Add(k)
	}
	return t
}

// codeSign signs a file with the service's key. It is the only route that uses the secret key.
func (a *API) codeSign(c *call) error {
	if a.options.Code.Key == nil {
		return refusal("signing_off", "", "this service has no key to sign with: start it with --code-key")
	}
	var sent wire.CodeSign
	state := sigil.DefaultState()
	if err := a.readCode(c, func(name string, value []byte) (known bool, err error) {
		switch name {
		case "name":
			sent.Name, err = codeText(name, value)
		case "content":
			sent.Content, err = codeContent(value)
		case "sha256":
			sent.SHA256, err = codeText(name, value)
		case "size":
			sent.Size, err = codeSize(value)
		case "state":
			if sent.State, err = draft.State(value); err == nil {
				state = *sent.State
			}
			for name := range state.Extra {
				return true, sigil.NewInvalid("invalid_state", "state."+canon.Field(name), "is not allowed here: the state of a signature has only phi, coherence, awareness and emotionalResonance")
			}
		case "detached":
			sent.Detached, err = codeFlag(name, value)
		default:
			return false, nil
		}
		return true, err
	}); err != nil {
		return err
	}
	if sent.Name == "" {
		return draft.MissingField("name")
	}
	if err := codesign.CheckName(sent.Name); err != nil {
		return sigil.NewInvalid("invalid_name", "name", err.Error())
	}
	signer := &codesign.Signer{Key: *a.options.Code.Key, State: state, Now: a.engine.Now}
	statement, signed, err := signCode(signer, &sent)
	switch {
	case errors.Is(err, codesign.ErrDetachedOnly):
		return sigil.NewInvalid("detached_only", "name", "this kind of file cannot carry a header: send its content to get a detached signature")
	case err != nil:
		return err
	}
	kept, _, err := a.engine.Register(c.r.Context(), registration(c.tenant, statement))
	if err != nil {
		return err
	}
	v, err := shape.Code(&kept)
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, wire.CodeSigned{Signature: v, Content: signed})
}

func signCode(signer *codesign.Signer, sent *wire.CodeSign) (*codesign.Statement, []byte, error) {
	if sent.Content != nil {
		if err := contentAlone(sent.SHA256, sent.Size); err != nil {
			return nil, nil, err
		}
		statement, signed, err := signer.SignContent(sent.Name, sent.Content, sent.Detached)
		if err != nil { // the name and the state are checked, and content in memory can be read
			err = sigil.NewInvalid("invalid_content", "content", "has a broken header: remove it first")
		}
		return statement, signed, err
	}
	if sent.SHA256 == "" {
		return nil, nil, draft.MissingField("content")
	}
	if sent.Size == nil {
		return nil, nil, draft.MissingField("size")
	}
	if sent.Detached {
		return nil, nil, sigil.NewInvalid("detached_only", "content", "is needed for a detached signature: send it, without sha256 and size")
	}
	sum, err := codeHash(sent.SHA256, "sha256")
	if err != nil {
		return nil, nil, err
	}
	statement, err := signer.SignHash(sent.Name, sum, *sent.Size)
	return statement, nil, err
}

// registration returns what the registry keeps of a statement.
func registration(tenant string, s *codesign.Statement) sigil.Signature {
	said := s.Signature
	return sigil.Signature{
		Tenant: tenant, SignatureRef: sigil.SignatureRef{ID: said.ID, Body: said.SHA256, Signer: uint64(said.Signer)}, Statement: s.Bytes(),
	}
}

// codeRegister registers a signature that was made elsewhere, after checking it against its public key.
func (a *API) codeRegister(c *call) error {
	var sent wire.CodeRegister
	if err := a.readCode(c, func(name string, value []byte) (known bool, err error) {
		switch name {
		case "publicKey":
			sent.PublicKey, err = codeText(name, value)
		case "header":
			sent.Header, err = codeText(name, value)
		case "size":
			sent.Size, err = codeSize(value)
		case "detached":
			sent.Detached, err = codeText(name, value)
		case "blocks":
			sent.Blocks, err = codeText(name, value)
		default:
			return false, nil
		}
		return true, err
	}); err != nil {
		return err
	}
	statement, err := readStatement(&sent)
	if err != nil {
		return err
	}
	kept, added, err := a.engine.Register(c.r.Context(), registration(c.tenant, statement))
	if err != nil {
		return err
	}
	v, err := shape.Code(&kept)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if added {
		status = http.StatusCreated
	}
	return c.json(status, v)
}

func readStatement(sent *wire.CodeRegister) (s *codesign.Statement, err error) {
	if sent.PublicKey == "" {
		return nil, draft.MissingField("publicKey")
	}
	key, err := codeKey("publicKey", sent.PublicKey)
	if err != nil {
		return nil, err
	}
	switch {
	case sent.Header != "" && sent.Detached != "":
		return nil, notWith("detached", "header")
	case sent.Detached != "":
		if sent.Size != nil {
			return nil, sigil.NewInvalid("invalid_body", "size", "must be left out: the detached signature has it")
		}
		if sent.Blocks != "" {
			return nil, sigil.NewInvalid("invalid_body", "blocks", "must be left out: the detached signature has them")
		}
		if s, err = codesign.ReadDetached(key, sent.Detached); err != nil {
			return nil, unproved("detached")
		}
		return s, nil
	case sent.Header == "":
		return nil, draft.MissingField("header")
	case sent.Size == nil:
		return nil, draft.MissingField("size")
	}
	var blocks codesign.Blocks
	if sent.Blocks != "" {
		if blocks, err = codesign.ParseBlocks(sent.Blocks); err != nil {
			return nil, sigil.NewInvalid("invalid_blocks", "blocks", "must be the size of a block, a space, and the checksums in base64")
		}
	}
	if s, err = codesign.ReadHeader(key, sent.Header, *sent.Size, blocks); err != nil {
		return nil, unproved("header")
	}
	return s, nil
}

func unproved(field string) error {
	detail := "is not a signature of sigil by this key"
	if field == "header" {
		detail += ", or not of a body of this size"
	}
	return sigil.NewInvalid("invalid_signature", field, detail)
}

func (a *API) codeList(c *call) error {
	q := engine.SignatureQuery{Limit: c.query.limit(), Cursor: c.query.text("cursor")}
	if c.query.values.Has("signer") {
		id, err := codesign.ParseKeyID(c.query.text("signer"))
		if err != nil {
			c.query.fail("invalid_parameter", "signer", err.Error())
		}
		signer := uint64(id)
		q.Signer = &signer
	}
	return a.codePage(c, q)
}

// codeLookup lists the signatures of one body. If the first page is empty, it fails with not found.
func (a *API) codeLookup(c *call) error {
	body, err := codeHash(c.r.PathValue("hash"), "hash")
	if err != nil {
		return err
	}
	q := engine.SignatureQuery{Limit: c.query.limit(), Cursor: c.query.text("cursor"), Body: &body}
	return a.codePage(c, q)
}

func (a *API) codePage(c *call, q engine.SignatureQuery) error {
	if c.query.err != nil {
		return c.query.err
	}
	page, err := a.engine.Signatures(c.r.Context(), c.tenant, q)
	if err != nil {
		return err
	}
	if q.Body != nil && q.Cursor == "" && len(page.Signatures) == 0 {
		return engine.NewNoSignature()
	}
	v := wire.CodePage{Next: next(page.Next)}
	if v.Signatures, err = shape.Codes(page.Signatures); err != nil {
		return err
	}
	return c.json(http.StatusOK, v)
}

func (a *API) codeRevoke(c *call) error {
	body, err := codeHash(c.r.PathValue("hash"), "hash")
	if err != nil {
		return err
	}
	var id sigil.ID
	if c.query.values.Has("id") {
		if id, err = sigil.ParseID(c.query.text("id")); err != nil || id == (sigil.ID{}) {
			return sigil.NewInvalid("invalid_id", "id", "must be a UUID")
		}
	}
	revoked, err := a.engine.Revoke(c.r.Context(), c.tenant, body, id, c.query.text("reason"))
	if err != nil {
		return err
	}
	var v wire.CodeRevoked
	if v.Signatures, err = shape.Codes(revoked); err != nil {
		return err
	}
	return c.json(http.StatusOK, v)
}

// readCode reads the body of a request, member by member.
func (a *API) readCode(c *call, take func(name string, value []byte) (known bool, err error)) error {
	if _, err := c.contentType(jsonType); err != nil {
		return err
	}
	const copies = 3 // the body, the content in it, and the signed one
	body, err := c.body(a.options.MaxBody, copies)
	if err != nil {
		return err
	}
	return a.drafts.Object(body, func(name string, value []byte) error {
		known, err := take(name, value)
		if !known && err == nil {
			err = draft.UnknownField(name)
		}
		return err
	})
}

func codeHash(text, field string) (h sigil.Hash, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(h) || hex.EncodeToString(b) != text {
		return h, sigil.NewInvalid("invalid_hash", field, "must be a SHA-256 as 64 hexadecimal digits in lower case")
	}
	return sigil.Hash(b), nil
}

// moment returns a time for people.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }
