package live

import (
	"context"
	"encoding/json"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/bus"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
)

// journal is the journal that the bus reads: the engine's, rendered as JSON of the API.
type journal struct{ engine *engine.Engine }

func (j journal) JournalBounds(ctx context.Context) (trimmed, newest uint64, err error) {
	return j.engine.JournalBounds(ctx)
}

func (j journal) Wait(ctx context.Context, tenant string, after uint64) error {
	return j.engine.Wait(ctx, tenant, after)
}

func (j journal) Read(ctx context.Context, tenant string, after uint64, limit int, room []byte) ([]bus.Entry, error) {
	events, err := j.engine.Events(ctx, tenant, after, min(limit, j.engine.Limits().Page))
	if err != nil {
		return nil, err
	}
	entries := make([]bus.Entry, len(events))
	for i := range events {
		v := shape.Event(&events[i])
		from := len(room)
		if room, err = v.AppendJSON(room); err != nil {
			return nil, err
		}
		entries[i] = bus.Entry{Position: v.Position, Check: events[i].Token().Check, Erases: v.Kind == sigil.Erased, Data: room[from:len(room):len(room)]}
	}
	return entries, nil
}

// Recalled renders a message about recalls.
func (j journal) Recalled(memories []sigil.Meta, more bool) ([]byte, error) {
	return json.Marshal(shape.Recalls(memories, more))
}
