package store

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil"
)

// Attacher builds chains of corrections of memories that are there already, as an import needs them: the newest memory first, so that what it
// superseded is never live, and an import that was stopped can go on. See [Corrections] for what a superseded memory is.
type Attacher interface {
	// Versions returns those of ids that were removed and are kept, superseded or restorable, with their data and own vectors, in the
	// order of ids.
	Versions(ctx context.Context, tenant string, ids []sigil.ID) ([]Version, error)

	// Attach keeps v as superseded at v.At by v.SupersededBy, a memory of its tenant that is live or superseded, in one commit with events.
	// The last of these is of the kind Corrected: the removal has its reason and position. v.Memory.Supersedes means nothing. No quota
	// is asked. Of concurrent calls, at most one attaches a version to a memory.
	//
	// If there is no such memory, Attach returns ErrNotFound; if it supersedes another already, ErrConflict ("exists") with the field
	// supersededBy; if the tenant has a memory with the version's id, live or kept, ErrConflict ("exists") with the field id.
	Attach(ctx context.Context, v *Version, events []sigil.Event) error

	// Supersede is like Attach for a memory that is live, or due: it leaves all reads and counts, as in a correction by the memory by, which is there
	// already. correct gets it locked against every other change, and returns the event, of the kind Corrected, or an error, which Supersede
	// returns unchanged; then nothing changes. If there is no such memory, Supersede returns ErrNotFound. If by is key, or a memory
	// that key superseded, it returns ErrConflict ("exists") with the field supersededBy.
	Supersede(ctx context.Context, key sigil.Key, by sigil.ID, at time.Time, correct func(old *sigil.Memory) (sigil.Event, error)) error
}

// Version is a memory that was removed and is kept, with the vector that its caller gave.
type Version struct {
	Removed
	Vector Vector
}

// NewLinked returns the ErrConflict for a memory that cannot supersede another.
func NewLinked() *sigil.Error {
	return &sigil.Error{Kind: sigil.ErrConflict, Code: "exists", Field: "supersededBy", Detail: "supersedes another memory already, or is a former version of this one"}
}

// NewExists returns the ErrConflict for an id that a tenant has already.
func NewExists() *sigil.Error {
	return &sigil.Error{Kind: sigil.ErrConflict, Code: "exists", Field: "id", Detail: "a memory with this id already exists"}
}
