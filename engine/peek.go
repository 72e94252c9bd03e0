package engine

import (
	"context"

	"github.com/sigil-dna/sigil"
)

// Peek reads one memory without refreshing it. A memory that is not there, or past its deadline, is
// [sigil.ErrNotFound].
func (e *Engine) Peek(ctx context.Context, key sigil.Key) (m sigil.Memory, err error) {
	defer e.observe("peek", 1)(&err)
	m, err = e.store.Get(ctx, key, e.now())
	return m, wrap(err)
}
