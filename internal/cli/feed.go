package cli

import (
	"encoding/json"
	"io"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/imports"
)

// feed is where the drafts of a loader come from.
type feed interface {
	// next returns the next piece, or an error like that of [lineReader.next].
	next() (piece, error)
	name() string // what at counts, for messages
	at() int      // the number of the last piece, from 1
	idle() bool   // whether next would have to wait for more input
	bytes() int64 // what has been read of the input
}

// piece is a value to be encoded. memory is what is known of it besides its data, or nil.
type piece struct {
	data   []byte
	memory *imports.Memory
}

// tenant returns the tenant that the input names, or "".
func (p piece) tenant() string {
	if p.memory == nil {
		return ""
	}
	return p.memory.Tenant
}

// lineFeed takes each line as a value.
type lineFeed struct {
	*lineReader
	notJSON  int  // lines that are not JSON, counted until one is
	someJSON bool // a line was JSON
}

func (f *lineFeed) at() int      { return f.number }
func (f *lineFeed) bytes() int64 { return f.read }

func (f *lineFeed) next() (piece, error) {
	if !f.someJSON && f.notJSON == maxNotJSON {
		return piece{}, errNotJSON
	}
	line, err := f.lineReader.next()
	switch {
	case err != nil:
		return piece{}, err
	case isExported(line):
		return piece{}, errExported
	case !f.someJSON && !json.Valid(line):
		f.notJSON++
	default:
		f.someJSON = true
	}
	return piece{data: line}, nil
}

// importFeed takes what a reader of another format finds. The reader's remarks go to the report.
type importFeed struct {
	source *imports.Source
	pull   func() (imports.Item, error, bool)
	report *importReport
	tenant string // the one that all memories go to, or "" for those that they name
	n      int
}

func (f *importFeed) name() string { return "memory" }
func (f *importFeed) at() int      { return f.n }
func (f *importFeed) idle() bool   { return false }
func (f *importFeed) bytes() int64 { return f.source.Read() }

func (f *importFeed) next() (piece, error) {
	for {
		item, err, more := f.pull()
		switch {
		case !more:
			return piece{}, io.EOF
		case err != nil:
			return piece{}, err
		case item.Memory != nil:
			f.n++
			if m := item.Memory; f.tenant != "" && m.Tenant != "" && m.Tenant != f.tenant {
				return piece{m.Data, m}, f.report.add(&imports.Remark{Outcome: imports.Changed, Reason: reasonTenant, Place: m.Place, Count: 1})
			}
			return piece{item.Memory.Data, item.Memory}, nil
		}
		if err := f.report.add(item.Remark); err != nil {
			return piece{}, err
		}
	}
}

// draftOf returns the draft of a piece: what the flags say, and what the input says of it. Flags win, and tags add up.
func (l *loader) draftOf(p piece) sigil.Draft {
	d := l.draft
	d.Data = p.data
	m := p.memory
	if m == nil {
		if l.keys != nil {
			d.IdempotencyKey = l.keys.next(p.data)
		}
		return d
	}
	d.Tags = slices.Clone(d.Tags)
	for _, tag := range m.Tags {
		if !slices.Contains(d.Tags, tag) {
			d.Tags = append(d.Tags, tag)
		}
	}
	if d.State == nil {
		d.State = m.State
	}
	if d.Vector == nil {
		d.Vector = m.Vector
	}
	d.Pinned = d.Pinned || m.Pinned
	if d.TTL == 0 && !m.Ends.IsZero() {
		d.TTL = max(time.Millisecond, m.Ends.Sub(l.app.now()).Truncate(time.Millisecond))
	}
	if d.Life == 0 {
		d.Life = m.Life
	}
	d.IdempotencyKey = l.keys.next(identity(m))
	return d
}

// identity returns what makes a memory of an import the same when it is imported again. A ttl counts down meanwhile, so its end is used.
func identity(m *imports.Memory) []byte {
	text, err := json.Marshal(struct {
		Data   json.RawMessage
		Tags   []string
		State  *sigil.State
		Vector []float32
		Pinned bool
		Ends   time.Time
		Tenant string
		ID     string
		Life   time.Duration `json:",omitempty"` // without one, the identity is that of earlier versions
	}{m.Data, m.Tags, m.State, m.Vector, m.Pinned, m.Ends, m.Tenant, m.ID, m.Life})
	if err != nil { // the data is not JSON, and will be refused
		return m.Data
	}
	return text
}
