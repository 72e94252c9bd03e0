package httpapi

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/canon"
	"github.com/sigil-dna/sigil/internal/codesign"
	"github.com/sigil-dna/sigil/internal/httpapi/draft"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
	"github.com/sigil-dna/sigil/wire"
)

// maxCodeKeys is the most keys that a request can name.
const maxCodeKeys = 64

// codeVerify judges a file, or a hash and a signature. A key is trusted if the service trusts it or, for this answer
// alone, if the request names it. That it has signed something that is registered is no reason to trust it: anyone can
// register.
func (a *API) codeVerify(c *call) error {
	sent, keys, err := a.readVerify(c)
	if err != nil {
		return err
	}
	judge, err := a.judgeOf(sent)
	if err != nil {
		return err
	}
	own := a.options.Code.trusted()
	result := judge(own, -1)
	size := int64(-1)
	if sent.Size != nil {
		size = *sent.Size
	}
	registered, statement, err := a.registered(c, result.Signature)
	if err != nil {
		return err
	}
	if size < 0 && statement != nil {
		size = statement.Signature.Size
	}
	result, by := decide(judge, size, own, keys)
	v := wire.CodeVerdict{Verdict: string(result.Verdict), What: result.What, Detail: result.Detail, Trusted: by}
	if s := result.Signature; s != nil {
		v.Signature = shape.Ref(&sigil.SignatureRef{ID: s.ID, Body: s.SHA256, Signer: uint64(s.Signer)})
	}
	if result.What == "body" && result.Differs == nil && statement != nil && sent.Content != nil {
		result.Differs, _, _ = statement.Signature.LocateIn(sent.Name, bytes.NewReader(sent.Content)) // memory can be read
	}
	if d := result.Differs; d != nil {
		v.Differs = &wire.CodeRange{From: d.From, To: d.To}
	}
	if registered != nil {
		shown, err := shape.Code(registered)
		if err != nil {
			return err
		}
		v.Registered = &shown
		if at := registered.RevokedAt; !at.IsZero() && (result.Verdict == codesign.Authentic || result.Verdict == codesign.Expired) {
			v.Verdict, v.Detail = string(codesign.Revoked), "the signature was revoked at "+moment(at)
			if registered.Reason != "" {
				v.Detail += ": " + registered.Reason
			}
		}
	}
	if a.options.Code.Verdict != nil {
		a.options.Code.Verdict(v.Verdict)
	}
	return c.json(http.StatusOK, v)
}

// judging judges what a request is about by a list of keys. size is that of the body, if only its hash is known.
type judging func(t *codesign.Trust, size int64) codesign.Result

// decide judges by the keys that the service trusts and, if it does not know the signer, by those that the request
// names. by says which of them it was.
func decide(judge judging, size int64, own *codesign.Trust, named []codesign.PublicKey) (r codesign.Result, by string) {
	foreign := func(r *codesign.Result) bool {
		return r.Verdict == codesign.UnknownKey || r.Verdict == codesign.Tampered && r.What == "header"
	}
	known := func(r *codesign.Result, by string) string {
		switch {
		case r.Verdict == codesign.Authentic, r.Verdict == codesign.Revoked, r.Verdict == codesign.Expired, r.What == "name":
			return by
		}
		return "" // nothing shows that it was the key
	}
	r = judge(own, size)
	if !foreign(&r) || len(named) == 0 {
		return r, known(&r, "daemon")
	}
	theirs := &codesign.Trust{}
	for _, k := range named {
		theirs.Add(codesign.TrustedKey{PublicKey: k})
	}
	if second := judge(theirs, size); second.Verdict != codesign.UnknownKey {
		return second, known(&second, "request")
	}
	return r, ""
}

// registered returns the registration of a signature, if it is registered: the same signature, not one that is alike.
func (a *API) registered(c *call, s *codesign.Signature) (*sigil.Signature, *codesign.Statement, error) {
	if s == nil {
		return nil, nil, nil
	}
	kept, err := a.engine.Signature(c.r.Context(), c.tenant, s.SHA256, s.ID)
	if errors.Is(err, sigil.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	statement, err := codesign.ReadStatement(kept.Statement)
	if err != nil {
		return nil, nil, fmt.Errorf("signature %s of %s: %w", kept.ID, kept.Tenant, err)
	}
	if !statement.Signature.Same(s) {
		return nil, nil, nil
	}
	return &kept, statement, nil
}

// judgeOf returns how what was sent is judged.
func (a *API) judgeOf(sent *wire.CodeVerify) (judging, error) {
	now := a.engine.Now()
	if sent.Content != nil {
		if sent.Header != "" {
			return nil, notWith("header", "content")
		}
		if err := contentAlone(sent.SHA256, sent.Size); err != nil {
			return nil, err
		}
		return func(t *codesign.Trust, _ int64) (r codesign.Result) {
			if sent.Detached != "" {
				r, _ = codesign.VerifyDetached(bytes.NewReader(sent.Content), sent.Name, []byte(sent.Detached), t, now)
			} else {
				r, _ = codesign.Verify(bytes.NewReader(sent.Content), sent.Name, t, now)
			}
			return r // reading from memory never fails
		}, nil
	}
	switch {
	case sent.SHA256 == "":
		return nil, draft.MissingField("content")
	case sent.Header == "" && sent.Detached == "":
		return nil, draft.MissingField("header")
	case sent.Header != "" && sent.Detached != "":
		return nil, notWith("detached", "header")
	}
	sum, err := codeHash(sent.SHA256, "sha256")
	if err != nil {
		return nil, err
	}
	return func(t *codesign.Trust, size int64) codesign.Result {
		if sent.Detached != "" {
			return codesign.VerifyDetachedHash(sent.Detached, sent.Name, sum, size, t, now)
		}
		return codesign.VerifyHeader(sent.Header, sent.Name, sum, size, t, now)
	}, nil
}

func (a *API) readVerify(c *call) (*wire.CodeVerify, []codesign.PublicKey, error) {
	sent := &wire.CodeVerify{}
	var keys []codesign.PublicKey
	err := a.readCode(c, func(name string, value []byte) (known bool, err error) {
		switch name {
		case "name":
			sent.Name, err = codeText(name, value)
		case "content":
			sent.Content, err = codeContent(value)
		case "sha256":
			sent.SHA256, err = codeText(name, value)
		case "size":
			sent.Size, err = codeSize(value)
		case "header":
			sent.Header, err = codeText(name, value)
		case "detached":
			sent.Detached, err = codeText(name, value)
		case "publicKeys":
			keys, err = codeKeys(value)
		default:
			return false, nil
		}
		return true, err
	})
	return sent, keys, err
}

func codeKeys(value []byte) ([]codesign.PublicKey, error) {
	values, ok := canon.Array(value)
	if !ok || len(values) > maxCodeKeys {
		return nil, sigil.NewInvalid("invalid_key", "publicKeys", "must be an array of at most "+strconv.Itoa(maxCodeKeys)+" public keys")
	}
	keys := make([]codesign.PublicKey, 0, len(values))
	for i, v := range values {
		text, _ := canon.String(v)
		key, err := codeKey("publicKeys/"+strconv.Itoa(i), text)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// codeKey reads the public key in a member.
func codeKey(field, text string) (codesign.PublicKey, error) {
	key, err := codesign.ParsePublicKey(text)
	if err != nil {
		err = sigil.NewInvalid("invalid_key", field, "must be a public key of minisign: 56 characters that begin with RW")
	}
	return key, err
}

// notWith is the refusal of a member beside another one.
func notWith(field, other string) error {
	return sigil.NewInvalid("invalid_body", field, "cannot be combined with "+other)
}

// contentAlone refuses a hash or a size beside content.
func contentAlone(sha256 string, size *int64) error {
	switch {
	case sha256 != "":
		return notWith("sha256", "content")
	case size != nil:
		return notWith("size", "content")
	}
	return nil
}

func codeText(name string, value []byte) (string, error) {
	text, ok := canon.String(value)
	if !ok || text == "" {
		return "", sigil.NewInvalid("invalid_body", name, "must be a string that is not empty")
	}
	return text, nil
}

// codeContent never returns nil without an error.
func codeContent(value []byte) ([]byte, error) {
	text, ok := canon.String(value)
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if !ok || err != nil {
		return nil, sigil.NewInvalid("invalid_content", "content", "must be in base64, with padding and without line ends")
	}
	return append([]byte{}, b...), nil
}

func codeSize(value []byte) (*int64, error) {
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || n < 0 {
		return nil, sigil.NewInvalid("invalid_size", "size", "must be a whole number of bytes")
	}
	return &n, nil
}

func codeFlag(name string, value []byte) (bool, error) {
	switch jsontext.Value(value).Kind() {
	case 't':
		return true, nil
	case 'f':
		return false, nil
	}
	return false, sigil.NewInvalid("invalid_body", name, "must be true or false")
}
