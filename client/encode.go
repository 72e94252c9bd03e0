package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// draft is the JSON form of a [sigil.Draft]. It has an idempotency key only as an item of a batch.
type draft struct {
	Data           json.RawMessage `json:"data"`
	State          *sigil.State    `json:"state,omitempty"`
	TTL            string          `json:"ttl,omitempty"`
	Life           string          `json:"life,omitempty"`
	Policy         string          `json:"policy,omitempty"`
	Pinned         bool            `json:"pinned,omitempty"`
	Tags           []string        `json:"tags,omitzero"` // an empty list is sent: see Correct
	Vector         []float32       `json:"vector,omitempty"`
	OnDuplicate    string          `json:"onDuplicate,omitempty"`
	Similar        float64         `json:"similar,omitempty"`
	IdempotencyKey string          `json:"idempotencyKey,omitempty"`
}

// The JSON around the data and the key of a draft that has nothing else.
const (
	dataOpens = `{"data":`
	keyOpens  = `,"idempotencyKey":`
	dataEnds  = "}\n"
)

// Encode stores d and returns the resulting memory. When it returns without an error, the memory is durable.
//
// If the tenant has a memory with the same content, d.OnDuplicate decides, and DuplicateOf of the answer names it:
// [sigil.Keep] encodes all the same, [sigil.Reinforce] returns that memory, recalled, and [sigil.Reject] an [Error] with
// code "duplicate". With d.Similar the answer has what is near to the memory in meaning.
//
// With an idempotency key the call can be repeated after a failure: the memory is encoded once. If d is invalid, the
// error is [sigil.ErrInvalid] or [sigil.ErrTooLarge], from the client or from the daemon.
func (c *Client) Encode(ctx context.Context, d sigil.Draft) (wire.Memory, error) {
	body, err := appendDraft(nil, d, false)
	if err != nil {
		return wire.Memory{}, err
	}
	return call[wire.Memory](ctx, c, request{
		method: http.MethodPost, path: "/v1/sigils", body: body, idempotencyKey: d.IdempotencyKey,
	})
}

// EncodeBatch encodes many drafts in one request and returns a result for each, in order; those with a Memory are
// durable. [ItemError] returns the errors of the others. If EncodeBatch returns an error instead of items, the whole
// batch was refused or, if the error is [ErrUnreachable], its outcome is unknown.
//
// Each draft has its own idempotency key, as with [Client.Encode]: the call can be repeated with other drafts in the
// batch, in another order, or in parts. Two drafts of a batch must not have the same key. If a draft is not JSON, the
// batch fails before anything is sent; the field of the error begins with the index of the draft, as in "3/data".
func (c *Client) EncodeBatch(ctx context.Context, drafts []sigil.Draft) ([]wire.BatchItem, error) {
	return c.encodeBatch(ctx, drafts, false)
}

// ImportBatch is like [Client.EncodeBatch], but returns only the ids of the memories it stored. It is several times as
// fast.
func (c *Client) ImportBatch(ctx context.Context, drafts []sigil.Draft) ([]wire.BatchItem, error) {
	return c.encodeBatch(ctx, drafts, true)
}

func (c *Client) encodeBatch(ctx context.Context, drafts []sigil.Draft, brief bool) ([]wire.BatchItem, error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	size := 0
	for i := range drafts {
		size += len(dataOpens) + len(drafts[i].Data) + len(dataEnds)
		if key := drafts[i].IdempotencyKey; key != "" {
			size += len(keyOpens) + len(`""`) + len(key)
		}
	}
	body := make([]byte, 0, size)
	var keys map[string]bool
	for i, d := range drafts {
		var err error
		if body, err = appendDraft(body, d, true); err != nil {
			return nil, within(i, err)
		}
		if d.IdempotencyKey == "" {
			continue
		}
		if keys[d.IdempotencyKey] {
			return nil, within(i, sigil.NewInvalid("invalid_idempotency_key", "Idempotency-Key", "occurs twice in the batch"))
		}
		if keys == nil {
			keys = make(map[string]bool, len(drafts))
		}
		keys[d.IdempotencyKey] = true
	}
	answer, err := c.do(ctx, request{
		method: http.MethodPost, path: "/v1/sigils:batch", body: body,
		contentType: ndjsonType, brief: brief,
	})
	if err != nil {
		return nil, err
	}
	items, err := readItems(answer, len(drafts))
	if err != nil {
		return nil, c.strange(err)
	}
	return items, nil
}

// readItems reads an answer of want lines. It takes half the time that encoding/json takes, on which an import would
// spend a twelfth of its time.
func readItems(answer []byte, want int) ([]wire.BatchItem, error) {
	items := make([]wire.BatchItem, 0, want)
	for dec := jsontext.NewDecoder(bytes.NewBuffer(answer), asBefore...); ; {
		var item wire.BatchItem
		err := jsonv2.UnmarshalDecode(dec, &item)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	if len(items) != want {
		return nil, fmt.Errorf("%d items for a batch of %d", len(items), want)
	}
	return items, nil
}

// asBefore makes jsontext accept what encoding/json accepts.
var asBefore = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// appendDraft appends d as one line of JSON, with its idempotency key if it is an item of a batch. It refuses what
// would change the meaning of the request, or would be changed silently on the way. The daemon checks the rest.
func appendDraft(to []byte, d sigil.Draft, inBatch bool) ([]byte, error) {
	if err := checkJSON(d.Data); err != nil {
		return to, err
	}
	if d.State != nil {
		if err := d.State.Check(); err != nil { // NaN cannot be written as JSON
			return to, err
		}
	}
	for i, tag := range d.Tags {
		if !utf8.ValidString(tag) {
			return to, sigil.NewInvalid("invalid_utf8", fmt.Sprintf("tags/%d", i), "is not valid UTF-8")
		}
	}
	for i, x := range d.Vector { // these cannot be written as JSON
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return to, sigil.NewInvalid("invalid_vector", fmt.Sprintf("vector/%d", i), "is not finite")
		}
	}
	if math.IsNaN(d.Similar) || math.IsInf(d.Similar, 0) { // the same
		return to, sigil.NewInvalid("invalid_similar", "similar", "is not finite")
	}
	for i := range len(d.IdempotencyKey) {
		if c := d.IdempotencyKey[i]; c < 0x20 || c > 0x7e {
			return to, sigil.NewInvalid("invalid_idempotency_key", "Idempotency-Key", "must be printable ASCII")
		}
	}
	key := ""
	if inBatch {
		key = d.IdempotencyKey
	}
	if d.State == nil && d.TTL == 0 && d.Life == 0 && d.Policy == nil && !d.Pinned && d.Tags == nil && d.Vector == nil && d.OnDuplicate == "" && d.Similar == 0 && bytes.IndexByte(d.Data, '\n') < 0 {
		to = append(append(to, dataOpens...), d.Data...) // the usual case; encoding/json would write the same
		if key != "" {
			to = strconv.AppendQuote(append(to, keyOpens...), key) // for printable ASCII this is JSON
		}
		return append(to, dataEnds...), nil
	}
	wire := draft{
		Data: d.Data, State: d.State, Pinned: d.Pinned, Tags: d.Tags, Vector: d.Vector, OnDuplicate: string(d.OnDuplicate), Similar: d.Similar, IdempotencyKey: key,
	}
	if d.TTL != 0 {
		wire.TTL = sigil.FormatDuration(d.TTL)
	}
	if d.Life != 0 {
		wire.Life = sigil.FormatDuration(d.Life)
	}
	if d.Policy != nil {
		wire.Policy = d.Policy.String()
	}
	line := bytes.NewBuffer(to)
	enc := json.NewEncoder(line)
	enc.SetEscapeHTML(false) // data is kept as sent
	if err := enc.Encode(wire); err != nil {
		return to, sigil.NewInvalid("invalid_state", "state", "has an extra key that is not JSON")
	}
	return line.Bytes(), nil
}

// checkJSON returns an error if data is not JSON. Otherwise data could end its enclosing field and change the request.
func checkJSON(data json.RawMessage) error {
	if isJSON(data) {
		return nil
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return sigil.NewInvalid("invalid_json", "data", "is empty")
	}
	err := json.Unmarshal(data, new(json.RawMessage))
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) && syntax.Offset < int64(len(data)) {
		return sigil.NewInvalid("invalid_json", "data", fmt.Sprintf("is not valid JSON at byte %d", max(0, syntax.Offset-1)))
	}
	return sigil.NewInvalid("invalid_json", "data", "is not valid JSON at its end")
}

// isJSON is json.Valid in a third of its time, on which an import would spend a tenth of its time.
func isJSON(data json.RawMessage) bool {
	return jsontext.Value(data).IsValid(asBefore...)
}

// within puts the index of a draft in front of the field of its error.
func within(i int, err error) error {
	var e *sigil.Error
	if !errors.As(err, &e) {
		return err
	}
	placed := *e
	placed.Field = fmt.Sprintf("%d/%s", i, e.Field)
	return &placed
}
