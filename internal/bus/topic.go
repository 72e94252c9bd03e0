package bus

import (
	"context"
	"sort"
	"sync"
)

// topic is the newest part of one tenant's journal.
type topic struct {
	stop        context.CancelFunc // of its follower
	subscribers int                // guarded by the bus's mu

	mu sync.Mutex
	// chunks hold every entry of the tenant with a position over from, up to upTo.
	// +checklocks:mu
	chunks []chunk
	// +checklocks:mu
	from uint64
	// +checklocks:mu
	upTo uint64
	// +checklocks:mu
	bytes int
	// +checklocks:mu
	ended bool
	// +checklocks:mu
	changed chan struct{} // closed when there is more, or it has ended; nil where nobody waits
}

// chunk is what was read at once.
type chunk struct {
	entries []Entry
	joined  []byte // their data with a comma between two; that of the entries is part of it
}

func newChunk(entries []Entry) chunk {
	size := len(entries)
	for _, e := range entries {
		size += len(e.Data)
	}
	c := chunk{entries: make([]Entry, len(entries)), joined: make([]byte, 0, size)}
	for i, e := range entries {
		if i > 0 {
			c.joined = append(c.joined, ',')
		}
		at := len(c.joined)
		c.joined = append(c.joined, e.Data...)
		c.entries[i] = Entry{e.Position, c.joined[at:len(c.joined):len(c.joined)]}
	}
	return c
}

func (c *chunk) last() uint64 { return c.entries[len(c.entries)-1].Position }

// after gives the part of c with positions over one, which is not empty.
func (c *chunk) after(position uint64) chunk {
	i := sort.Search(len(c.entries), func(i int) bool { return c.entries[i].Position > position })
	at := i // commas
	for _, e := range c.entries[:i] {
		at += len(e.Data)
	}
	return chunk{c.entries[i:], c.joined[at:]}
}

// newest gives the position up to which the topic is read.
func (t *topic) newest() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.upTo
}

// add takes entries that follow those it has, and lets the oldest go where that is more than most bytes.
func (t *topic) add(entries []Entry, most int) {
	if len(entries) == 0 {
		return
	}
	c := newChunk(entries)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.chunks = append(t.chunks, c)
	t.upTo = c.last()
	t.bytes += len(c.joined)
	n := 0
	for t.bytes > most && n < len(t.chunks)-1 { // the newest stays, whatever its size
		t.bytes -= len(t.chunks[n].joined)
		t.from = t.chunks[n].last()
		t.chunks[n] = chunk{}
		n++
	}
	t.chunks = t.chunks[n:]
	t.fire()
}

// skip goes on after a position, forgetting what was before.
func (t *topic) skip(position uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.chunks, t.bytes, t.from, t.upTo = nil, 0, position, position
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
	chunk   chunk           // what follows; empty where that is nothing yet
	behind  bool            // what follows is not held any more
	upTo    uint64          // as far as the topic is read
	ended   bool            // nothing will follow
	changed <-chan struct{} // closed when it is worth looking again
}

func (t *topic) look(after uint64) look {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := look{behind: after < t.from, upTo: t.upTo, ended: t.ended}
	chunks := t.chunks
	if i := sort.Search(len(chunks), func(i int) bool { return chunks[i].last() > after }); !l.behind && i < len(chunks) {
		l.chunk = chunks[i].after(after)
		return l
	}
	if t.changed == nil {
		t.changed = make(chan struct{})
	}
	l.changed = t.changed
	return l
}
