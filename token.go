package sigil

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
)

// Token is a position of the journal, with what tells which entry is there. A store that was restored from an older copy
// assigns positions again, to other entries, which a reader that keeps tokens notices.
//
// Its text is the position and, if Check is not 0, a hyphen and Check as 16 hexadecimal digits: "42-0f3c…". In JSON, a token
// without Check is a number, and any other a string.
type Token struct {
	Position uint64
	// Check is the first 8 bytes of the entry's [Event.Hash], big-endian; 0 means that it is not known, and any entry fits.
	Check uint64
}

// tokenDigits is the length of the part of a token after the hyphen.
const tokenDigits = 16

// NewToken returns the token of the entry at a position.
func NewToken(position uint64, hash Hash) Token {
	return Token{position, binary.BigEndian.Uint64(hash[:])}
}

// Token returns the token of the entry.
func (e *Event) Token() Token { return NewToken(e.Position, e.Hash) }

// ParseToken reads the text of a token. The error is [ErrInvalid] ("invalid_parameter"), about the field.
func ParseToken(field, text string) (t Token, err error) {
	number, digits, hyphen := strings.Cut(text, "-")
	t.Position, err = strconv.ParseUint(number, 10, 64)
	if err == nil && hyphen {
		var check [tokenDigits / 2]byte
		if len(digits) != tokenDigits {
			err = hex.ErrLength
		} else if _, err = hex.Decode(check[:], []byte(digits)); err == nil {
			t.Check = binary.BigEndian.Uint64(check[:])
		}
	}
	if err != nil {
		return Token{}, NewInvalid("invalid_parameter", field, "must be a position of the journal: a whole number from 0, or a token, which is such a number, a hyphen and 16 hexadecimal digits")
	}
	return t, nil
}

// Fits reports whether an entry with the given hash may be at the token's position.
func (t Token) Fits(hash Hash) bool {
	return t.Check == 0 || t.Check == NewToken(t.Position, hash).Check
}

// Append appends the token's text to b.
func (t Token) Append(b []byte) []byte {
	b = strconv.AppendUint(b, t.Position, 10)
	if t.Check == 0 {
		return b
	}
	var check [tokenDigits / 2]byte
	binary.BigEndian.PutUint64(check[:], t.Check)
	return hex.AppendEncode(append(b, '-'), check[:])
}

// String returns the token's text.
func (t Token) String() string { return string(t.Append(make([]byte, 0, 20+1+tokenDigits))) }

// MarshalJSON implements [json.Marshaler].
func (t Token) MarshalJSON() ([]byte, error) { return t.AppendJSON(nil), nil }

// AppendJSON appends t as JSON.
func (t Token) AppendJSON(b []byte) []byte {
	if t.Check == 0 {
		return t.Append(b)
	}
	return append(t.Append(append(b, '"')), '"')
}

// UnmarshalJSON implements [json.Unmarshaler]. It reads a number, or the text of a token as a string.
func (t *Token) UnmarshalJSON(b []byte) (err error) {
	text := string(b)
	if strings.HasPrefix(text, `"`) {
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
	}
	*t, err = ParseToken("after", text)
	return err
}
