package wire

import "github.com/sigil-dna/sigil"

// Version is one memory of a chain of corrections. If it is superseded, Memory is as it was then, with its decay at that time.
type Version struct {
	Memory Memory `json:"memory"`
	// SupersededAt and SupersededBy are when, and by which memory, it was superseded; null for the newest version, which is live.
	SupersededAt *Timestamp `json:"supersededAt"`
	SupersededBy *sigil.ID  `json:"supersededBy"`
}

// VersionPage is a page of the chain of corrections that a memory belongs to, the newest first. Next is the cursor of the next page, or
// null.
type VersionPage struct {
	Versions []Version `json:"versions"`
	Next     *string   `json:"next"`
}
