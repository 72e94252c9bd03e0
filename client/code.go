package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// What is asked and answered about signatures of code, under this package's name.
type (
	// CodeSign is [wire.CodeSign].
	CodeSign = wire.CodeSign
	// CodeSigned is [wire.CodeSigned].
	CodeSigned = wire.CodeSigned
	// CodeVerify is [wire.CodeVerify].
	CodeVerify = wire.CodeVerify
	// CodeVerdict is [wire.CodeVerdict].
	CodeVerdict = wire.CodeVerdict
	// CodeRegister is [wire.CodeRegister].
	CodeRegister = wire.CodeRegister
	// CodeSignature is [wire.CodeSignature].
	CodeSignature = wire.CodeSignature
	// CodePage is [wire.CodePage].
	CodePage = wire.CodePage
)

// CodeSign has the daemon sign a source file with its own key and register the signature. A daemon without a key
// answers with an [*Error] of code "signing_off".
func (c *Client) CodeSign(ctx context.Context, r wire.CodeSign) (wire.CodeSigned, error) {
	return posted[wire.CodeSigned](ctx, c, "/v1/code:sign", r)
}

// CodeVerify asks for a verdict over a source file, or over a hash and a signature. It changes nothing.
func (c *Client) CodeVerify(ctx context.Context, r wire.CodeVerify) (wire.CodeVerdict, error) {
	return posted[wire.CodeVerdict](ctx, c, "/v1/code:verify", r)
}

// CodeRegister registers a signature that was made elsewhere. The same signature again changes nothing, and is answered
// as it is kept.
func (c *Client) CodeRegister(ctx context.Context, r wire.CodeRegister) (wire.CodeSignature, error) {
	return posted[wire.CodeSignature](ctx, c, "/v1/code", r)
}

// CodeQuery selects signatures; its zero value is all of them.
type CodeQuery struct {
	Limit  int    // entries of one page; 0 is the daemon's default
	Cursor string // from a page; empty is the start
	// Signer is the id of a key, as 16 hexadecimal digits; empty is all keys.
	Signer string
	// Hash is that of a body; the zero Hash is all bodies. If there is no signature of it, the answer is
	// [sigil.ErrNotFound].
	Hash sigil.Hash
}

// Codes returns one page of registered signatures, revoked or not, newest first. A query has a signer or a hash, not
// both.
func (c *Client) Codes(ctx context.Context, q CodeQuery) (wire.CodePage, error) {
	query := url.Values{}
	setLimit(query, q.Limit)
	setCursor(query, q.Cursor)
	path := "/v1/code"
	if q.Hash != (sigil.Hash{}) {
		path += "/" + q.Hash.String()
	}
	if q.Signer != "" {
		query.Set("signer", q.Signer)
	}
	return call[wire.CodePage](ctx, c, request{method: http.MethodGet, path: path, query: query})
}

// AllCodes returns all signatures that fit q, as [Client.All] does memories.
func (c *Client) AllCodes(ctx context.Context, q CodeQuery) iter.Seq2[wire.CodeSignature, error] {
	return entries(q.Cursor, func(cursor string) ([]wire.CodeSignature, *string, error) {
		q := q
		q.Cursor = cursor
		page, err := c.Codes(ctx, q)
		return page.Signatures, page.Next, err
	})
}

// CodeRevoke revokes the signatures of a body that are registered by now, or only the one with the given id if that is
// not zero, and returns them. Nothing undoes it. reason, which may be empty, is for people.
func (c *Client) CodeRevoke(ctx context.Context, hash sigil.Hash, id sigil.ID, reason string) ([]wire.CodeSignature, error) {
	query := url.Values{}
	if id != (sigil.ID{}) {
		query.Set("id", id.String())
	}
	if reason != "" {
		query.Set("reason", reason)
	}
	answer, err := call[wire.CodeRevoked](ctx, c, request{method: http.MethodDelete, path: "/v1/code/" + hash.String(), query: query})
	return answer.Signatures, err
}

// posted sends v as JSON and reads the answer.
func posted[T any](ctx context.Context, c *Client, path string, v any) (answer T, err error) {
	body, err := json.Marshal(v)
	if err != nil {
		return answer, err
	}
	return call[T](ctx, c, request{method: http.MethodPost, path: path, body: body})
}
