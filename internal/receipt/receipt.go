// Package receipt signs and verifies the receipts of erasures: which store erased how much, when, for whom, and up to
// which link of its journal. A receipt has no content of what was erased.
//
// It is pure: it owns no key, and does not know how anything is erased.
package receipt

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/canon"
)

// kind is the value of a receipt's first member. Another form of receipts has another one.
const kind = "sigil erasure 1"

// Receipt is what an erasure erased.
type Receipt struct {
	// Kind is "sigil erasure 1". Sign sets it. Hashes are SHA-256, in hexadecimal.
	Kind string `json:"receipt"`
	// Store is the id of the store.
	Store  sigil.ID  `json:"store"`
	Tenant string    `json:"tenant"`
	At     time.Time `json:"at"`
	// By is who asked, as far as the daemon knows, or "".
	By string `json:"by"`
	// Request is how the memories were chosen: "ids", "search", "tags" or "tenant". RequestHash is the SHA-256 of the canonical form of
	// the request's JSON, so that whoever has the request can show that it was this one.
	Request     string `json:"request"`
	RequestHash string `json:"requestHash"`
	Counts      Counts `json:"counts"`
	// IDs is the SHA-256 of the ids of all memories that were erased, in ascending order, as text with a newline after each.
	IDs string `json:"ids"`
	// Position is that of the newest journal entry of the erasure, and Link the chain's link there. They are 0 and "" if nothing
	// was erased.
	Position uint64 `json:"position,string"`
	Link     string `json:"link"`
	// Remains has a sentence for each place where what was erased may still be, since the store does not reach it.
	Remains []string `json:"remains"`
	// Key is the public key of the store, in base64. Sign sets it.
	Key string `json:"key"`
}

// Counts are the figures of an erasure.
type Counts struct {
	// Memories were live, Removed were gone and could have been restored.
	Memories int `json:"memories"`
	Removed  int `json:"removed"`
	// Bytes are those of the data of both.
	Bytes int64 `json:"bytes"`
	// Entries are the journal entries of these memories that were replaced by their digests.
	Entries int `json:"entries"`
	// Answers are the answers kept for idempotency keys that were dropped.
	Answers int `json:"answers"`
}

// signed is a receipt as it is written.
type signed struct {
	Receipt
	Signature string `json:"signature"` // Ed25519, in base64, of what message returns
}

// The errors of Verify.
var (
	ErrNotReceipt = errors.New("not a receipt of an erasure")
	ErrOtherKey   = errors.New("the receipt is signed with another key")
	ErrTampered   = errors.New("the receipt is not as it was signed")
)

// maxBytes is more than a receipt has.
const maxBytes = 64 << 10

// Sign returns the receipt as JSON, signed.
func Sign(r Receipt, key ed25519.PrivateKey) ([]byte, error) {
	r.Kind, r.Key = kind, PublicKey(key)
	r.At = r.At.UTC().Truncate(time.Millisecond)
	if r.Remains == nil {
		r.Remains = []string{}
	}
	unsigned, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("receipt: %w", err)
	}
	m, err := message(unsigned)
	if err != nil {
		return nil, err
	}
	return json.Marshal(signed{r, base64.StdEncoding.EncodeToString(ed25519.Sign(key, m))})
}

// Verify returns what a receipt says, if it was signed with the private half of key and not changed since, in whatever order and with
// whatever white space its members are. Otherwise it returns ErrNotReceipt, ErrOtherKey or ErrTampered.
func Verify(document []byte, key ed25519.PublicKey) (Receipt, error) {
	if len(document) > maxBytes {
		return Receipt{}, ErrNotReceipt
	}
	unsigned := map[string]json.RawMessage{}
	err := canon.Members(document, 8, func(name string, value []byte) error {
		unsigned[name] = value
		return nil
	})
	var s signed
	if err != nil || json.Unmarshal(document, &s) != nil || s.Kind != kind {
		return Receipt{}, ErrNotReceipt
	}
	if s.Key != EncodeKey(key) {
		return Receipt{}, ErrOtherKey
	}
	delete(unsigned, "signature")
	rest, err := json.Marshal(unsigned)
	if err != nil {
		return Receipt{}, ErrNotReceipt
	}
	m, err := message(rest)
	if err != nil {
		return Receipt{}, ErrNotReceipt
	}
	signature, err := base64.StdEncoding.DecodeString(s.Signature)
	exact := base64.StdEncoding.EncodeToString(signature) == s.Signature // decoding ignores some bits, and line ends
	if err != nil || !exact || len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, m, signature) {
		return Receipt{}, ErrTampered
	}
	return s.Receipt, nil
}

// Read returns what a document says that has the form of a receipt, without verifying it. Otherwise it returns ErrNotReceipt.
func Read(document []byte) (Receipt, error) {
	if len(document) > maxBytes {
		return Receipt{}, ErrNotReceipt
	}
	var s signed
	if json.Unmarshal(document, &s) != nil || s.Kind != kind {
		return Receipt{}, ErrNotReceipt
	}
	return s.Receipt, nil
}

// Within returns the receipt in an answer that has one, such as {"counts":{…},"receipt":{…}}, and everything else as it is.
func Within(document []byte) []byte {
	var answer struct {
		Receipt json.RawMessage `json:"receipt"`
	}
	if json.Unmarshal(document, &answer) == nil && len(answer.Receipt) > 0 && answer.Receipt[0] == '{' {
		return answer.Receipt
	}
	return document
}

// message returns what is signed: the text "sigil erasure 1", a newline, and the SHA-256 in hexadecimal of the canonical form
// (RFC 8785) of a receipt without its signature.
func message(unsigned []byte) ([]byte, error) {
	_, hash, err := canon.Read("receipt", unsigned, canon.Limits{Bytes: maxBytes, Depth: 8})
	if err != nil {
		return nil, err
	}
	return []byte(kind + "\n" + hex.EncodeToString(hash[:])), nil
}

// EncodeKey returns a public key in the form of receipts: base64 of its 32 bytes.
func EncodeKey(key ed25519.PublicKey) string { return base64.StdEncoding.EncodeToString(key) }

// PublicKey returns the public half of a key, in base64 as in a receipt.
func PublicKey(key ed25519.PrivateKey) string { return EncodeKey(key.Public().(ed25519.PublicKey)) }

// ParseKey reads what EncodeKey returns.
func ParseKey(s string) (ed25519.PublicKey, error) {
	key, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, errors.New("not a public key of a store: 44 characters of base64")
	}
	return key, nil
}

// HashIDs returns the hash of ids that are in ascending order, as a receipt has it.
func HashIDs(ids []sigil.ID) string {
	h := sha256.New()
	for _, id := range ids {
		_, _ = h.Write([]byte(id.String() + "\n")) // never fails
	}
	return hex.EncodeToString(h.Sum(nil))
}
