package record_test

import (
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// TestRecordLengths fixes what a memory with the default state and no tags costs on disk in addition to its
// data. The encode benchmark uses records of that size with a bare Pebble.
func TestRecordLengths(t *testing.T) {
	now := time.UnixMilli(1_764_000_000_000)
	m := sigil.Memory{Meta: sigil.Meta{
		Key: sigil.Key{Tenant: "public", ID: sigil.NewID(now)}, CreatedAt: now, LastAccessed: now, Size: 500, Potential: 0.5, Policy: sigil.DefaultClassic(),
	}, State: sigil.DefaultState()}
	m.Reschedule()
	event, err := record.AppendEvent(nil, &sigil.Event{Time: now, Kind: sigil.Encoded, Reason: sigil.ReasonRequest, Memory: m.Meta}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []struct {
		what      string
		got, want int
	}{{"meta", len(record.AppendMeta(nil, &m.Meta, 0)), 26}, {"labels", len(record.AppendLabels(nil, record.LabelsOf(&m))), 5}, {"body", len(record.AppendBody(nil, &m)), 66}, {"event", len(event), 51}} {
		if r.got != r.want {
			t.Errorf("%s record has %d bytes, want %d", r.what, r.got, r.want)
		}
	}
}
