// Package bus fans out the journal: one reader per tenant follows it, and any number of subscribers get its entries,
// each at its own pace and from its own position.
//
// It does not know what an entry means, nor what a subscriber does with it. Writers of the journal never wait for the
// bus: it reads what is committed, and a slow subscriber reads the journal itself. Its memory is bounded, however many
// subscribers there are and however slow they are.
package bus

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
)

// Entry is one entry of the journal, rendered.
type Entry struct {
	Position uint64
	Check    uint64 // that of its [sigil.Token]
	// Erases means that earlier entries may have been erased in the same commit.
	Erases bool
	Data   []byte
}

// Journal is the source of entries. Any process may write to it. Its methods are called from many goroutines.
type Journal interface {
	// JournalBounds returns the position up to which entries were dropped, and the position of the newest.
	JournalBounds(ctx context.Context) (trimmed, newest uint64, err error)
	// Wait returns nil once the tenant has an entry with a position over after.
	Wait(ctx context.Context, tenant string, after uint64) error
	// Read returns at most limit entries of the tenant with a position over after, in order. It puts their data into
	// room while that has space. The bus uses the entries only until it reuses room.
	Read(ctx context.Context, tenant string, after uint64, limit int, room []byte) ([]Entry, error)
	// Recalled renders a message about recalled memories, which are sorted by id. more reports that others were
	// recalled too.
	Recalled(memories []sigil.Meta, more bool) ([]byte, error)
}

// Options configure a Bus; the zero value and nil mean the defaults.
type Options struct {
	// Subscribers is the maximum number at once; 0 means 1,000.
	Subscribers int
	// Bytes is how much of a tenant's newest entries is kept in memory; 0 means 8 MiB. A subscriber that is further
	// behind lags.
	Bytes int
	// Count is called with 1 for each new subscriber and with −1 when one leaves, Lagged each time one falls behind.
	Count  func(change int)
	Lagged func()
	// Behind is called with 1 when a subscriber falls behind, and with −1 when it has caught up or leaves.
	Behind func(change int)
}

// step is the number of entries read at once.
const step = 1_000

// pace returns how long a subscriber waits after it got the newest entries, so that under load many are sent together;
// a single entry is sent at once. With few subscribers the wait is short; many share the rate of messages per second.
func pace(subscribers int) time.Duration {
	return min(max(time.Duration(subscribers)*time.Millisecond, 20*time.Millisecond), 250*time.Millisecond)
}

// readEvery is the minimum time between two reads of a tenant's journal.
const readEvery = 10 * time.Millisecond

// readRoom is the size of the buffer for reading a busy journal, before its entries go into a segment.
const readRoom = 64 << 10

// retry is how long a follower waits after the journal could not be read.
const retry = time.Second

// Bus fans out the journal. Make it with [New]. Its methods may be called from any goroutine.
type Bus struct {
	journal Journal
	options Options

	mu sync.Mutex
	// +checklocks:mu
	topics map[string]*topic
	// +checklocks:mu
	subscribers int
	// +checklocks:mu
	turns time.Time // the time of the last turn assigned
	// +checklocks:mu
	closed bool

	following sync.WaitGroup // the followers; Close waits for them
	recalls   recalls
}

// New returns a bus. nil options are the defaults.
func New(j Journal, o *Options) *Bus {
	b := &Bus{journal: j, topics: map[string]*topic{}, recalls: recalls{render: j.Recalled}}
	if o != nil {
		b.options = *o
	}
	if b.options.Subscribers == 0 {
		b.options.Subscribers = 1_000
	}
	if b.options.Bytes == 0 {
		b.options.Bytes = 8 << 20
	}
	if b.options.Count == nil {
		b.options.Count = func(int) {}
	}
	if b.options.Lagged == nil {
		b.options.Lagged = func() {}
	}
	if b.options.Behind == nil {
		b.options.Behind = func(int) {}
	}
	return b
}

// Subscribe starts a subscription after a position or, if after is nil, after the newest entry. The caller closes it.
// If the journal no longer goes back to the position, or ends before it, the error is [sigil.ErrGone]; if there are too
// many subscribers, [sigil.ErrUnavailable].
func (b *Bus) Subscribe(ctx context.Context, tenant string, after *uint64) (*Subscription, error) {
	trimmed, newest, err := b.journal.JournalBounds(ctx)
	if err == nil && after != nil && *after < trimmed {
		err = sigil.NewPositionGone(trimmed)
	}
	if err == nil && after != nil && *after > newest {
		err = sigil.NewPositionAhead(newest)
	}
	if err != nil {
		return nil, err
	}
	s := &Subscription{bus: b, tenant: tenant, after: newest}
	if after != nil {
		s.after = *after
	}
	if s.topic, err = b.join(ctx, tenant, newest); err != nil {
		return nil, err
	}
	b.options.Count(1)
	return s, nil
}

// join returns the tenant's topic, with one more subscriber. A new topic starts after newest.
func (b *Bus) join(ctx context.Context, tenant string, newest uint64) (*topic, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return nil, &sigil.Error{Kind: sigil.ErrClosed, Code: "closed", Detail: "the service is stopping"}
	case b.subscribers >= b.options.Subscribers:
		return nil, &sigil.Error{Kind: sigil.ErrUnavailable, Code: "too_many_subscribers", Detail: "too many readers follow the journal; try again later"}
	}
	t := b.topics[tenant]
	if t == nil {
		following, stop := context.WithCancel(context.WithoutCancel(ctx))
		t = &topic{stop: stop, from: newest, upTo: newest}
		b.topics[tenant] = t
		b.following.Go(func() { b.follow(following, tenant, t) })
	}
	t.subscribers++
	b.subscribers++
	return t, nil
}

// leave removes a subscriber. After the last one of a tenant, its follower ends.
func (b *Bus) leave(tenant string, t *topic) {
	b.mu.Lock()
	b.subscribers--
	t.subscribers--
	if t.subscribers == 0 {
		t.stop()
		if b.topics[tenant] == t {
			delete(b.topics, tenant)
		}
	}
	b.mu.Unlock()
	b.options.Count(-1)
}

// turn assigns a pausing subscriber its turn, and returns the time until then. Turns are evenly spaced: if several
// subscribers had the same one, a writer's answer would wait behind all of them.
func (b *Bus) turn(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := max(b.subscribers, 1)
	b.turns = b.turns.Add(pace(n) / time.Duration(n))
	if b.turns.Before(now) {
		b.turns = now
	}
	return min(b.turns.Sub(now), 2*pace(n)) // limited, because many subscribers may have left since
}

// Redact drops the entries of a tenant that are in memory, some of which were erased from the journal. When it returns, no Next
// that begins returns what was erased.
func (b *Bus) Redact(tenant string) {
	b.mu.Lock()
	t := b.topics[tenant]
	b.mu.Unlock()
	if t != nil {
		t.redact()
	}
}

// Close ends all subscriptions with [sigil.ErrClosed], and waits for the followers.
func (b *Bus) Close() {
	b.mu.Lock()
	b.closed = true
	for _, t := range b.topics {
		t.stop()
	}
	b.mu.Unlock()
	b.following.Wait()
}

// follow reads a tenant's journal until ctx ends.
func (b *Bus) follow(ctx context.Context, tenant string, t *topic) {
	defer t.end()
	room := make([]byte, 0, readRoom)
	for ctx.Err() == nil {
		after, redactions := t.newest()
		entries, err := b.next(ctx, tenant, after, room)
		var gone *sigil.Error
		pause := readEvery
		switch {
		case err == nil:
			t.add(entries, b.options.Bytes, redactions)
			if len(entries) == step { // there may be more
				pause = 0
			}
		case errors.As(err, &gone) && gone.Newest != nil: // the store was restored from an older copy
			b.drop(tenant, t, gone)
			return
		case errors.As(err, &gone) && errors.Is(err, sigil.ErrGone): // the entries in between are lost for everybody
			t.skip(gone.Oldest)
		case errors.Is(err, sigil.ErrClosed):
			return
		default:
			pause = retry
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// drop removes a topic that is ahead of the journal, so that later subscribers get a new one, and hands its subscribers
// the error.
func (b *Bus) drop(tenant string, t *topic, ahead *sigil.Error) {
	b.mu.Lock()
	if b.topics[tenant] == t {
		delete(b.topics, tenant)
	}
	b.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ahead = ahead
}

func (b *Bus) next(ctx context.Context, tenant string, after uint64, room []byte) ([]Entry, error) {
	if err := b.journal.Wait(ctx, tenant, after); err != nil {
		return nil, err
	}
	return b.journal.Read(ctx, tenant, after, step, room)
}
