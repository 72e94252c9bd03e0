package engine

import (
	"context"

	"github.com/sigil-dna/sigil"
)

// Peek reads one memory without refreshing it. For a memory that does not exist, or is past its deadline, it returns
// [sigil.ErrNotFound]; for one that was corrected, [sigil.ErrGone] ("superseded"), as all verbs do for one memory.
func (e *Engine) Peek(ctx context.Context, key sigil.Key) (m sigil.Memory, err error) {
	defer e.observe("peek", 1)(&err)
	e.use(ctx, key.Tenant)
	m, err = e.store.Get(ctx, key, e.now())
	return m, e.gone(ctx, key, sigil.ErrGone, err)
}
