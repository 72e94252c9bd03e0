package live

import (
	"bytes"
	"errors"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi/draft"
	"github.com/sigil-dna/sigil/store/storetest"
	"github.com/sigil-dna/sigil/wire"
)

// FuzzPlainEncode compares the quick way from a message to a memory with the thorough one: they return the
// same, or refuse with the same error.
func FuzzPlainEncode(f *testing.F) {
	for _, message := range []string{
		`{"id":1,"op":"encode","sigil":{"data":{"a":[1,"}\"\\"]}}}`, `{"id":"a","op":"encode","sigil":{"data":[]}}`,
		`{"id":01,"op":"encode","sigil":{"data":[]}}`, `{"id":"\u0061","op":"encode","sigil":{"data":[]}}`, `{"id":"a`, `{"id":""`,
		`{"id":1,"op":"encode","sigil":{"data":{}},"idempotencyKey":"k"}`, `{"id":1,"op":"encode","sigil":{"data":{"a":1,"a":2}}}`,
		`{"id":1,"op":"encode","sigil":{"data":{"a":1},"tags":["b"]}}`, `{"id":1,"op":"encode","sigil":{"data":{a}}}`, `{"id":1,"op":"encode","sigil":`,
		`{"id":1,"op":"encode","sigil":{"data":[1,]}}}`, `{"id":1,"op":"encode","sigil":{"data":{"a":1e999}}}`, `{"id":1,"op":"encode","sigil":{"data":["` + "\xff" + `"]}}`,
		`{"id":12345678901234567890123456789012345678901234567890123456789012345,"op":"encode","sigil":{"data":[]}}`, `{"id":1,"op":"encode","sigil":{"data":[[[[[]]]]]}}`,
	} {
		f.Add([]byte(message))
	}
	limits := engine.Limits{Depth: 4, Data: 100}
	e := engine.New(storetest.NewModel(), &engine.Options{Limits: limits})
	drafts := draft.Reader{Depth: limits.Depth, Tags: e.Limits().Tags}
	f.Fuzz(func(t *testing.T, message []byte) {
		sent := bytes.Clone(message)
		long, err := strictRequest(drafts, message)
		if err == nil && long.op != wire.LiveEncode {
			return
		}
		var want, have sigil.Memory
		if err == nil {
			var d sigil.Draft
			if d, err = drafts.Read(long.draft); err == nil {
				d.IdempotencyKey = long.key
				want, err = e.Encode(t.Context(), sigil.DefaultTenant, d)
			}
		}
		short, shortErr := readRequest(drafts, message)
		if shortErr == nil {
			var d sigil.Draft
			if d, shortErr = short.read(drafts); shortErr == nil {
				if have, shortErr = e.Encode(t.Context(), sigil.DefaultTenant, d); shortErr != nil {
					shortErr = short.blame(drafts, shortErr)
				}
			}
		}
		if !bytes.Equal(message, sent) {
			t.Errorf("%q was changed", sent)
		}
		switch {
		case err != nil || shortErr != nil:
			if err == nil || shortErr == nil || !same(err, shortErr) {
				t.Errorf("%q is refused with %v, and by the long way %v", message, shortErr, err)
			}
		case !bytes.Equal(short.id, long.id) || !bytes.Equal(have.Data, want.Data) || have.Hash != want.Hash:
			t.Errorf("of %q it gives %s: %s, and by the long way %s: %s", message, short.id, have.Data, long.id, want.Data)
		}
	})
}

// same reports whether two errors are the same to a client.
func same(a, b error) bool {
	var x, y *sigil.Error
	if !errors.As(a, &x) || !errors.As(b, &y) {
		return false
	}
	return errors.Is(x.Kind, y.Kind) && x.Code == y.Code && x.Field == y.Field && x.Detail == y.Detail
}

func TestPlainEncode(t *testing.T) {
	for message, want := range map[string]string{
		`{"id":1,"op":"encode","sigil":{"data":{"a":1}}}`:                 `1`,
		`{"id":"a-1","op":"encode","sigil":{"data":[]}}`:                  `"a-1"`,
		`{"id":0,"op":"encode","sigil":{"data":[]}}`:                      `0`,
		`{"id":1.5,"op":"encode","sigil":{"data":[]}}`:                    "",
		`{"id":-1,"op":"encode","sigil":{"data":[]}}`:                     "",
		`{"op":"encode","id":1,"sigil":{"data":[]}}`:                      "",
		`{"id":1,"op":"encode","sigil":{"data":[]},"idempotencyKey":"k"}`: "",
		`{"id":1,"op":"encode","sigil":{"data":[]}}}`:                     "",
		`{"id":1,"op":"encode","sigil":{"data":[]}`:                       "",
		`{"id":1,"op":"encode","sigil":`:                                  "",
		`{"id":"`:                                                         "", `{"id":`: "", `{`: "", ``: "",
	} {
		id, draft, ok := plainEncode([]byte(message))
		if ok != (want != "") || ok && (string(id) != want || !bytes.HasPrefix(draft, []byte(`{"data":`))) {
			t.Errorf("of %s it gives %q, %q, %v", message, id, draft, ok)
		}
	}
}
