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
	stop        context.CancelFunc // ends its follower
	subscribers int                // guarded by the bus's mu

	mu sync.Mutex
	// segments hold every entry of the tenant with a position over from and up to upTo. None is empty.
	// +checklocks:mu
	segments []*segment
	// +checklocks:mu
	from uint64
	// +checklocks:mu
	upTo uint64
	// +checklocks:mu
	bytes int // size of the segments
	// +checklocks:mu
	ended bool
	// redactions counts the calls of redact: what was read of the journal before the last one is not added.
	// +checklocks:mu
	redactions int
	// ahead is the error of a topic that ended because the journal ends before it; otherwise nil.
	// +checklocks:mu
	ahead *sigil.Error
	// +checklocks:mu
	changed chan struct{} // closed when there are more entries, or the topic has ended; nil while nobody waits
}

// segmentSize is the maximum size of a segment in bytes, and so of what a subscriber gets at once.
const segmentSize = 256 << 10

// segment is a run of consecutive entries in one buffer, so that any part of it is one slice, which all subscribers
// share. It is only appended to, and never moved.
type segment struct {
	entries []Entry
	ends    []int  // where the data of each entry ends in joined
	joined  []byte // their data, separated by commas
}

func newSegment(size int) *segment { return &segment{joined: make([]byte, 0, size)} }

// add appends an entry, or returns false if there is no space for it.
func (s *segment) add(e Entry) bool {
	if len(s.joined)+1+len(e.Data) > cap(s.joined) {
		return false
	}
	if len(s.entries) > 0 {
		s.joined = append(s.joined, ',')
	}
	at := len(s.joined)
	s.joined = append(s.joined, e.Data...)
	e.Data = s.joined[at:len(s.joined):len(s.joined)]
	s.entries = append(s.entries, e)
	s.ends = append(s.ends, len(s.joined))
	return true
}

func (s *segment) last() uint64 { return s.entries[len(s.entries)-1].Position }

// after returns the part of s after a position. There must be one.
func (s *segment) after(position uint64) part {
	entries := s.entries
	i := sort.Search(len(entries), func(i int) bool { return entries[i].Position > position })
	at := 0
	if i > 0 {
		at = s.ends[i-1] + 1 // the comma
	}
	return part{entries[i:], s.joined[at:]}
}

// part is some consecutive entries, and their data, separated by commas.
type part struct {
	entries []Entry
	joined  []byte
}

func (p *part) last() uint64 { return p.entries[len(p.entries)-1].Position }

// newest returns the position up to which the topic has read the journal, and the number of redactions.
func (t *topic) newest() (upTo uint64, redactions int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.upTo, t.redactions
}

// add appends entries, and drops the oldest segments if the topic has more than most bytes. If there were more redactions since the
// entries were read, it drops the entries: they are read again. If one of them erases, those before them are dropped.
func (t *topic) add(entries []Entry, most, redactions int) {
	if len(entries) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.redactions != redactions {
		return
	}
	if slices.ContainsFunc(entries, func(e Entry) bool { return e.Erases }) { // by another process, or Redact follows
		t.segments, t.bytes, t.from = nil, 0, t.upTo
	}
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
	for ; t.bytes > most && n < len(t.segments)-1; n++ { // the newest segment stays, whatever its size
		t.bytes -= cap(t.segments[n].joined)
		t.from = t.segments[n].last()
	}
	t.segments = slices.Delete(t.segments, 0, n)
	t.fire()
}

// skip continues after a position, dropping all entries.
func (t *topic) skip(position uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.segments, t.bytes, t.from, t.upTo = nil, 0, position, position
	t.fire()
}

// redact drops all entries. Subscribers that have not had them read the journal.
func (t *topic) redact() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.redactions++
	t.segments, t.bytes, t.from = nil, 0, t.upTo
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

// look is the state of a topic as seen from a position.
type look struct {
	part    part            // the entries that follow; empty if there are none yet
	behind  bool            // the entries that follow are no longer in memory
	upTo    uint64          // the position up to which the topic has read the journal
	ended   bool            // no entries will follow
	ahead   *sigil.Error    // the error, if the journal ends before the topic
	changed <-chan struct{} // closed when something has changed
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
