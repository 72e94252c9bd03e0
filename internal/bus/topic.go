package bus

import (
	"context"
	"slices"
	"sort"
	"sync"

	"github.com/sigil-dna/sigil"
)

// topic is the newest part of one tenant's journal.
type topic struct {
	stop        context.CancelFunc // of its follower
	subscribers int                // guarded by the bus's mu

	mu sync.Mutex
	// segments hold every entry of the tenant with a position over from, up to upTo. None is empty.
	// +checklocks:mu
	segments []*segment
	// +checklocks:mu
	from uint64
	// +checklocks:mu
	upTo uint64
	// +checklocks:mu
	bytes int // of the segments
	// +checklocks:mu
	ended bool
	// ahead is the error with which the topic ended if the journal ends before it; nil if it ended otherwise.
	// +checklocks:mu
	ahead *sigil.Error
	// +checklocks:mu
	changed chan struct{} // closed when there is more, or the topic has ended; nil while nothing waits
}

// segmentSize is the maximum size of a segment in bytes, and so of what a subscriber gets at once.
const segmentSize = 256 << 10

// segment is a run of consecutive entries in one buffer. Any stretch of them is one slice of it, which all subscribers
// share. It is only appended to, and never moved.
type segment struct {
	entries []Entry
	ends    []int  // where the data of each entry ends in joined
	joined  []byte // their data, with a comma between two
}

func newSegment(size int) *segment { return &segment{joined: make([]byte, 0, size)} }

// add appends an entry, and returns false if there is no space for it.
func (s *segment) add(e Entry) bool {
	if len(s.joined)+1+len(e.Data) > cap(s.joined) {
		return false
	}
	if len(s.entries) > 0 {
		s.joined = append(s.joined, ',')
	}
	at := len(s.joined)
	s.joined = append(s.joined, e.Data...)
	s.entries = append(s.entries, Entry{e.Position, s.joined[at:len(s.joined):len(s.joined)]})
	s.ends = append(s.ends, len(s.joined))
	return true
}

func (s *segment) last() uint64 { return s.entries[len(s.entries)-1].Position }

// after returns the part of s after a position, which must not be empty.
func (s *segment) after(position uint64) part {
	entries := s.entries
	i := sort.Search(len(entries), func(i int) bool { return entries[i].Position > position })
	at := 0
	if i > 0 {
		at = s.ends[i-1] + 1 // the comma
	}
	return part{entries[i:], s.joined[at:]}
}

// part is some entries in a row, and their data with a comma between two.
type part struct {
	entries []Entry
	joined  []byte
}

func (p *part) last() uint64 { return p.entries[len(p.entries)-1].Position }

// newest returns the position up to which the topic is read.
func (t *topic) newest() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.upTo
}

// add appends entries, and drops the oldest ones when the topic has more than most bytes.
func (t *topic) add(entries []Entry, most int) {
	if len(entries) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range entries {
		if n := len(t.segments); n > 0 && t.segments[n-1].add(e) {
			continue
		}
		s := newSegment(max(len(e.Data)+1, min(segmentSize, most/8)))
		s.add(e)
		t.segments = append(t.segments, s)
		t.bytes += cap(s.joined)
	}
	t.upTo = entries[len(entries)-1].Position
	n := 0
	for ; t.bytes > most && n < len(t.segments)-1; n++ { // the newest stays, whatever its size
		t.bytes -= cap(t.segments[n].joined)
		t.from = t.segments[n].last()
	}
	t.segments = slices.Delete(t.segments, 0, n)
	t.fire()
}

// skip goes on after a position, forgetting what was before.
func (t *topic) skip(position uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.segments, t.bytes, t.from, t.upTo = nil, 0, position, position
	t.fire()
}

func (t *topic) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	t.fire()
}

// +checklocks:t.mu
func (t *topic) fire() {
	if t.changed != nil {
		close(t.changed)
		t.changed = nil
	}
}

// look is what a subscriber at a position finds.
type look struct {
	part    part            // what follows; empty if there is nothing yet
	behind  bool            // what follows is not held any more
	upTo    uint64          // the position up to which the topic is read
	ended   bool            // nothing will follow
	ahead   *sigil.Error    // the error, if the journal ends before the topic
	changed <-chan struct{} // closed when it is worth looking again
}

func (t *topic) look(after uint64) look {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := look{behind: after < t.from, upTo: t.upTo, ended: t.ended, ahead: t.ahead}
	segments := t.segments
	if i := sort.Search(len(segments), func(i int) bool { return segments[i].last() > after }); !l.behind && i < len(segments) {
		l.part = segments[i].after(after)
		return l
	}
	if t.changed == nil {
		t.changed = make(chan struct{})
	}
	l.changed = t.changed
	return l
}
