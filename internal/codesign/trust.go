package codesign

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A TrustedKey is a key that may sign, or that no longer may.
type TrustedKey struct {
	PublicKey
	Name    string    // for people; one line
	Until   time.Time // the zero time stands for no end
	Revoked bool      // what it signed is answered as revoked, whenever it was signed
}

// Check reports an error unless k can be written to a trust file and read again.
func (k TrustedKey) Check() error {
	first, _, _ := strings.Cut(strings.TrimSpace(k.Name), " ")
	if first == "revoked" || strings.HasPrefix(first, "until=") {
		return fmt.Errorf("the name of a key cannot begin with %s", first)
	}
	if k.Until.Year() > 9999 {
		return errors.New("trust ends in the year 9999 at the latest")
	}
	return nil
}

// A Trust is the list of keys that a verifier knows. The zero Trust and nil know none. It is not to be changed while
// it is used.
type Trust struct{ keys []TrustedKey }

// Keys returns the keys in the order of the file.
func (t *Trust) Keys() []TrustedKey {
	if t == nil {
		return nil
	}
	return slices.Clone(t.keys)
}

// Add puts k in. It replaces what t says of the same key.
func (t *Trust) Add(k TrustedKey) {
	t.keys = slices.DeleteFunc(t.keys, func(o TrustedKey) bool { return o.PublicKey == k.PublicKey })
	t.keys = append(t.keys, k)
}

// Remove takes out the keys with the id, and returns how many they were.
func (t *Trust) Remove(id KeyID) int {
	before := len(t.keys)
	t.keys = slices.DeleteFunc(t.keys, func(k TrustedKey) bool { return k.id == id })
	return before - len(t.keys)
}

func (t *Trust) find(id KeyID) []TrustedKey {
	if t == nil {
		return nil
	}
	var found []TrustedKey
	for _, k := range t.keys {
		if k.id == id {
			found = append(found, k)
		}
	}
	return found
}

// ParseTrust reads a trust file: a key a line as [PublicKey.String] returns it, then "until=" with a time of RFC 3339
// or the word "revoked", both optional, then the key's name. Empty lines, and lines that begin with #, say nothing.
func ParseTrust(file []byte) (*Trust, error) {
	t := &Trust{}
	lines := bufio.NewScanner(bytes.NewReader(file))
	for number := 1; lines.Scan(); number++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		public, err := ParsePublicKey(fields[0])
		if err != nil {
			return nil, fmt.Errorf("line %d of the trust file: %w", number, err)
		}
		k := TrustedKey{PublicKey: public}
		fields = fields[1:]
		for len(fields) > 0 {
			if at, ok := strings.CutPrefix(fields[0], "until="); ok {
				if k.Until, err = time.Parse(time.RFC3339, at); err != nil {
					return nil, fmt.Errorf("line %d of the trust file: until= needs a time such as 2027-01-31T00:00:00Z", number)
				}
			} else if fields[0] == "revoked" {
				k.Revoked = true
			} else {
				break
			}
			fields = fields[1:]
		}
		k.Name = strings.Join(fields, " ")
		if slices.ContainsFunc(t.keys, func(o TrustedKey) bool { return o.PublicKey == k.PublicKey }) {
			return nil, fmt.Errorf("line %d of the trust file: the key %s is there twice", number, k.id)
		}
		t.Add(k)
	}
	return t, lines.Err()
}

// File returns the content of a trust file, which [ParseTrust] reads.
func (t *Trust) File() []byte {
	b := []byte("# Keys whose signatures sigil verify accepts: key [until=TIME] [revoked] name\n")
	for _, k := range t.Keys() {
		b = append(b, k.String()...)
		if !k.Until.IsZero() {
			b = fmt.Appendf(b, " until=%s", k.Until.UTC().Format(time.RFC3339))
		}
		if k.Revoked {
			b = append(b, " revoked"...)
		}
		if name := strings.Join(strings.Fields(k.Name), " "); name != "" {
			b = append(append(b, ' '), name...)
		}
		b = append(b, '\n')
	}
	return b
}
