package sigil_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/sigil-dna/sigil"
)

func TestTokenText(t *testing.T) {
	hash := sigil.Hash{0x0f, 0x3c, 0, 0, 0, 0, 0, 0xa1, 0xff}
	for _, c := range []struct {
		token      sigil.Token
		text, json string
	}{
		{sigil.Token{}, "0", "0"},
		{sigil.Token{Position: 42}, "42", "42"},
		{sigil.NewToken(42, hash), "42-0f3c0000000000a1", `"42-0f3c0000000000a1"`},
		{sigil.NewToken(math.MaxUint64, hash), "18446744073709551615-0f3c0000000000a1", `"18446744073709551615-0f3c0000000000a1"`},
	} {
		if got := c.token.String(); got != c.text {
			t.Errorf("%+v is written %s, want %s", c.token, got, c.text)
		}
		if got, err := sigil.ParseToken("after", c.text); got != c.token || err != nil {
			t.Errorf("%s is read as %+v, %v", c.text, got, err)
		}
		text, err := json.Marshal(c.token)
		if string(text) != c.json || err != nil {
			t.Errorf("%+v is %s in JSON, %v", c.token, text, err)
		}
		var got sigil.Token
		if err := json.Unmarshal(text, &got); err != nil || got != c.token {
			t.Errorf("%s is read as %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "-", "-1", "+1", " 1", "1.0", "1e3", "18446744073709551616", "1-", "1-0f3c0000000000a", "1-0f3c0000000000a1a",
		"1-0f3c0000000000ag", "-0f3c0000000000a1", "1-0f3c0000000000a1-", "0x1",
	} {
		if _, err := sigil.ParseToken("after", text); !errors.Is(err, sigil.ErrInvalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"null", "true", "1.5", "-1", "[]", `"a"`, `""`} {
		var got sigil.Token
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s is read as %+v", text, got)
		}
	}
}

func TestTokenFitsItsEntry(t *testing.T) {
	a, b := sigil.Hash{1, 2}, sigil.Hash{1, 3}
	if at := sigil.NewToken(7, a); !at.Fits(a) || at.Fits(b) {
		t.Error("a token does not tell two entries apart")
	}
	if at := (sigil.Token{Position: 7}); !at.Fits(a) || !at.Fits(b) {
		t.Error("a plain number does not fit any entry")
	}
}
