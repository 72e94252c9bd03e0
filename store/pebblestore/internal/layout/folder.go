package layout

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/datadir"
	"github.com/sigil-dna/sigil/store"
)

// Format is the version of the layout that is written, Oldest the first one that is read. Version 1 had a
// record for each event. Version 2 has one for the newest journal position, under 'p', which programs of that
// version rely on. Version 3 has no signatures, and no journal entries about them. Before version 5, figures had no
// labels. Before version 6, memories had no vectors, neither their own nor those of an endpoint, and did not get more tags, and
// answers had no duplicate. Programs of those versions would leave the vectors behind. Before version 7, figures had no
// stretch, nothing was kept of what was removed, nothing was erased, no memory was imported with its id or changed on request, no journal entry
// said so, and the journal had no links; programs of those versions would take it for damage, and journal without links.
const (
	Format = 7
	Oldest = 2
)

// Linked is the first format whose journal has links.
const Linked = 7

// These are the files in a store's folder.
const (
	InfoFile    = datadir.InfoFile   // the store's identity; written after everything else
	LockFile    = datadir.LockFile   // locked by the process that has the store open
	HolderFile  = datadir.HolderFile // describes that process, for error messages of others
	BallastFile = "ballast"          // reserved space, never read
	DataFolder  = "pebble"           // the database
	// CheckpointFolder has the database's files of a backup that is being made.
	CheckpointFolder = "checkpoint.tmp"
	BackupFile       = "backup.json" // the manifest of a backup; no store has it
)

type infoRecord struct {
	Format    int       `json:"format"`
	ID        sigil.ID  `json:"id"`
	CreatedAt time.Time `json:"createdAt"`
	// Epoch is nil in a store that was never restored from a backup: it is ID then.
	Epoch *sigil.ID `json:"epoch,omitempty"`
	// Sum is a checksum of the other fields: a flipped bit must not change the identity. The first stores have
	// none.
	Sum *uint32 `json:"sum,omitempty"`
}

func (r infoRecord) sum() uint32 {
	b := fmt.Appendf(nil, "%d %s %d", r.Format, r.ID, r.CreatedAt.UnixMilli())
	if r.Epoch != nil {
		b = fmt.Appendf(b, " %s", *r.Epoch)
	}
	return crc32.Checksum(b, castagnoli)
}

// NewInfo returns the identity of a new store in the current format.
func NewInfo(id sigil.ID, createdAt time.Time) store.Info {
	return store.Info{ID: id, Epoch: id, CreatedAt: createdAt, Format: Format, Driver: "pebble"}
}

// Info returns the content of [InfoFile].
func Info(info store.Info) ([]byte, error) {
	r := infoRecord{Format: info.Format, ID: info.ID, CreatedAt: info.CreatedAt}
	if info.Epoch != info.ID {
		r.Epoch = &info.Epoch
	}
	sum := r.sum()
	r.Sum = &sum
	b, err := json.Marshal(r)
	return append(b, '\n'), err
}

// ReadInfo decodes the content of [InfoFile]. ok is false if it is damaged. If the format is not one of
// [Oldest] to [Format], only the format is meaningful.
func ReadInfo(b []byte) (info store.Info, ok bool) {
	var r infoRecord
	if err := json.Unmarshal(b, &r); err != nil || r.Format < 1 {
		return info, false
	}
	known := Oldest <= r.Format && r.Format <= Format
	if known && r.Sum != nil && *r.Sum != r.sum() {
		return info, false
	}
	info = NewInfo(r.ID, r.CreatedAt)
	info.Format = r.Format
	if r.Epoch != nil {
		info.Epoch = *r.Epoch
	}
	return info, true
}
