package migrate

import (
	"context"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// walker walks a tenant's memories, newest first.
type walker struct {
	store Source
	pass  *pass
	read  []sigil.Memory
	// vectors are those that callers gave with the memories of read.
	vectors []store.Vector
	before  sigil.ID
	ended   bool
}

// peek returns the next memory, or nil at the end.
func (w *walker) peek(ctx context.Context) (*sigil.Memory, error) {
	if len(w.read) == 0 && !w.ended {
		read, more, err := w.store.List(ctx, store.Query{Tenant: w.pass.tenant, Now: w.pass.clockNow(), Limit: page, Bytes: pageBytes, Before: w.before})
		if err != nil {
			return nil, err
		}
		ids := make([]sigil.ID, len(read))
		for i := range read {
			ids[i] = read[i].ID
		}
		if len(ids) > 0 {
			if w.vectors, err = w.store.Vectors(ctx, w.pass.tenant, store.OwnModel, ids); err != nil {
				return nil, err
			}
		}
		w.read, w.ended = read, !more
	}
	if len(w.read) == 0 {
		return nil, nil
	}
	return &w.read[0], nil
}

// vector returns the vector of the memory that peek returned.
func (w *walker) vector() store.Vector { return w.vectors[0] }

func (w *walker) next() {
	w.before, w.read, w.vectors = w.read[0].ID, w.read[1:], w.vectors[1:]
}
