package wire

import (
	"encoding/json"

	"github.com/sigil-dna/sigil"
)

// Erased is the answer to an erasure.
type Erased struct {
	// DryRun means that the memories were only counted.
	DryRun bool        `json:"dryRun"`
	Counts EraseCounts `json:"counts"`
	// Receipt is a JSON object that the store has signed, without content; "sigil receipt verify" checks it. Its members, and a hash
	// in it, are of no use if it is changed, other than in order or white space. Nil after a dry run.
	Receipt json.RawMessage `json:"receipt,omitempty"`
}

// EraseCounts are the figures of an erasure. A dry run counts no entries and answers.
type EraseCounts struct {
	Memories int   `json:"memories"` // that were live, or past their deadlines
	Removed  int   `json:"removed"`  // that could have been restored
	Bytes    int64 `json:"bytes"`    // of the data of both
	Entries  int   `json:"entries"`  // of the journal, that were replaced by their hashes
	Answers  int   `json:"answers"`  // kept for idempotency keys, that were dropped
}

// ReceiptKey is the public key that the receipts of a store are verified with.
type ReceiptKey struct {
	Store sigil.ID `json:"store"`
	Key   string   `json:"key"` // Ed25519, 32 bytes in base64
}
