// Package store is the border between the engine's rules and where memories are kept: the interface [Store], and what
// each of its methods promises.
//
// It knows neither policies, nor the meaning of limits, nor the time: the engine passes times and decisions in. A
// driver (pebblestore, and the Model of storetest) knows nothing of the engine. Package storetest has the contract
// that every driver passes.
package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/clock"
)

// Store keeps memories, crystals and the journal.
//
// Every method may be called from any goroutine. A method that changes something returns nil only when the change is
// durable (synced) and visible, together with its journal entries. If it returns ErrUnavailable, or the context's
// error, the outcome is unknown, as after a lost connection: the change is visible as a whole, now or after the next
// open, or never. With every other error nothing of the change is visible, now or after a crash.
//
// A change may return ErrFull ("disk_full") if the disk has no space; changes that free space are refused last.
//
// "Live" at now means not [sigil.Meta.Due] at now; reads return only live memories. Callers pass a now that never runs
// back. Functions passed in are pure and fast, and do not call the store: they may run more than once, and run while
// the memory they decide over is locked.
//
// Errors are those of package sigil, found by errors.Is. Drivers return ErrNotFound, ErrConflict, ErrFull, ErrClosed
// and ErrUnavailable with a code, and other errors unchanged.
type Store interface {
	Memories
	Patterns
	Journal
	Leases

	// Info returns which store this is. It never fails and does no I/O.
	Info() Info

	// Clock returns the clock that all processes with this store go by, as a database's is, or nil if each process
	// goes by its machine's. It returns the same one each time. It is a method of every store, so that a store
	// around another cannot change in silence whose clock decides.
	Clock() *clock.Clock

	// Close makes everything durable and releases the store's resources. It waits for calls in progress. Later calls
	// return ErrClosed, and a second Close nil.
	Close() error
}

// Memories keeps memories, and the answers to inserts with idempotency keys.
type Memories interface {
	// Insert keeps items of one tenant, all or none. Ids must be new.
	//
	// If the tenant would be over quota, Insert first evicts, in the same commit, the memories nearest to their
	// deadline (the older id first if equal) among those that are evictable, or past it at the first item's CreatedAt.
	// It journals the event that evict returns for each. If that is not enough, it returns ErrFull ("quota_full") and
	// evicts nothing. An item larger than the whole quota is ErrFull too.
	//
	// If an answer is kept under an item's idempotency key that ends after the item's CreatedAt, nothing is inserted
	// and the answers found are returned. If an Insert with that key is in progress, it returns ErrConflict
	// ("idempotency_in_flight"). Items of one call have different keys.
	//
	// If it returns no error, the items and their events are the caller's again; what they refer to (data, tags) is
	// never changed.
	Insert(ctx context.Context, tenant string, items []Item, quota Quota, evict func(m sigil.Meta, reason string) sigil.Event) (Inserted, error)

	// Get returns the memory live at now, or ErrNotFound. It does not return ErrNotFound during an Update that could
	// still keep the memory: it waits for that Update.
	Get(ctx context.Context, key sigil.Key, now time.Time) (sigil.Memory, error)

	// Meta is like Get but returns no content.
	Meta(ctx context.Context, key sigil.Key, now time.Time) (sigil.Meta, error)

	// Update changes one memory. change gets it locked against every other change and whether live or
	// not, takes the time itself, and returns an event to journal, or nil for a mere refresh, or an
	// error, which is returned as it is and changes nothing. It may change LastAccessed, AccessCount,
	// FadesAt, Pinned and Policy. A refresh is visible when Update returns and durable at most a
	// second later; all else is durable then.
	Update(ctx context.Context, key sigil.Key, change func(m *sigil.Meta) (*sigil.Event, error)) (sigil.Memory, error)

	// Remove deletes the existing memories among keys for which decide returns true, with their crystals, in one
	// commit with the events that decide returned. It returns these with their positions. decide is called while
	// nothing else can change the memory. The keys may be of different tenants.
	Remove(ctx context.Context, keys []sigil.Key, decide func(m sigil.Meta) (sigil.Event, bool)) ([]sigil.Event, error)

	// Due returns at most limit keys of all tenants that are past their deadline at now, in no promised
	// order. Its cost does not depend on how many are not due.
	Due(ctx context.Context, now time.Time, limit int) ([]sigil.Key, error)

	// List returns what is live at q.Now and fits q, by descending id: newest first. more reports whether
	// there is more after the last one; a page ends at q.Limit memories or at q.Bytes of data.
	List(ctx context.Context, q Query) (page []sigil.Memory, more bool, err error)

	// Nearest appends to metas the live memories whose frequency is within q.Span of q.Frequency, nearest first
	// and newest first among equals. The slice stays the caller's.
	Nearest(ctx context.Context, metas []sigil.Meta, q NearestQuery) ([]sigil.Meta, error)

	// Fading returns the memories of a tenant that are live at q.Now and have a deadline up to q.Until, soonest first, the
	// older id first if deadlines are equal. more reports whether there is more after the last one. Their data is nil.
	// Its cost is that of what it returns.
	Fading(ctx context.Context, q FadingQuery) (page []sigil.Memory, more bool, err error)

	// Stats counts what is live at now.
	Stats(ctx context.Context, tenant string, now time.Time) (Stats, error)

	// Tenants returns the tenants that have a memory or a crystal, by name.
	Tenants(ctx context.Context) ([]string, error)

	// Policies returns every policy that a memory or journal entry of the store may have, and perhaps others
	// that once did.
	Policies(ctx context.Context) ([]sigil.Policy, error)

	// PruneAnswers drops at most limit idempotency answers that ended by now and returns how many. It needs no
	// sync: an answer that has ended is not returned, pruned or not.
	PruneAnswers(ctx context.Context, now time.Time, limit int) (int, error)
}

// Patterns keeps what memories form: patterns follow from them, crystals of patterns are kept.
type Patterns interface {
	// Patterns returns the tenant's patterns with at least one live member, by group. Means are the same in
	// every driver: the potential's is that of [Sum], the frequency's is float64(sum of the indexes) /
	// members / 1000 · φ.
	Patterns(ctx context.Context, tenant string, now time.Time) ([]sigil.Pattern, error)

	// Crystallize calls change for each pattern of the tenant that has a live member or a crystal, by group, with its
	// crystal (nil if none). It stores the crystal and journals the event that change returns, unless they are nil.
	// Concurrent calls for one tenant run one after the other.
	Crystallize(ctx context.Context, tenant string, now time.Time, change func(p sigil.Pattern, old *sigil.Crystal) (*sigil.Crystal, *sigil.Event)) error

	// Crystals returns the tenant's pattern crystals, by group. (The crystal of a memory is the
	// memory's: list with [Query.Crystallized].)
	Crystals(ctx context.Context, tenant string) ([]sigil.Crystal, error)
}

// Journal reads what was journaled with the changes, and drops its start.
type Journal interface {
	// Events returns at most limit journal entries of the tenant with a position over after, in order. It fails with
	// ErrGone ("position_gone") if Trim dropped entries after that position, and ("position_ahead") if
	// that position is over the newest of all tenants: the store was restored from an older copy.
	Events(ctx context.Context, tenant string, after uint64, limit int) ([]sigil.Event, error)

	// JournalBounds returns where the journal of all tenants begins and ends: the position up to which entries are
	// dropped, and that of the newest. It is cheap.
	JournalBounds(ctx context.Context) (trimmed, newest uint64, err error)

	// Wait returns nil when Events with the same arguments would return an entry, which may be at once. It returns
	// ctx's error, ErrGone if Events would, and ErrClosed when the store is closed: Close does not wait for it.
	Wait(ctx context.Context, tenant string, after uint64) error

	// Trim drops the start of the journal, up to a position that it returns and that is kept: all entries
	// there were older than before, or are not among the newest keep positions (0: no matter how many).
	// It does not drop everything after an entry that is neither. Zero before drops nothing by age.
	Trim(ctx context.Context, before time.Time, keep uint64) (trimmed uint64, err error)
}

// Leases let one of several processes work under a name, such as that of a webhook, and keep how far it has come.
type Leases interface {
	// Claim acquires or renews the lease on name for owner, until a time; an end that is not after now gives the lease
	// up. It fails while another owner's lease is unexpired. A lease expires when now reaches its end. It is also
	// expired if its end is more than MaxLease after now, since a clock that was ahead must have made it. Claim
	// returns the position kept under name, 0 if there is none, and whether owner has the lease. Of all processes that
	// share the store and agree on the time, at most one has it.
	Claim(ctx context.Context, name string, owner sigil.ID, until, now time.Time) (position uint64, held bool, err error)

	// Advance keeps a position under name. A smaller one than is kept changes nothing, unless what is kept is
	// over the journal's newest position, as in a store restored from an older copy. It fails with
	// ErrConflict ("not_claimed") if owner was not the last to claim the name.
	Advance(ctx context.Context, name string, owner sigil.ID, position uint64) error
}

// MaxLease is the longest that a claim may last; callers of [Leases.Claim] do not ask for more.
const MaxLease = time.Minute

// Item is one memory to insert.
type Item struct {
	Memory sigil.Memory
	// Events are journaled with it, in order. The store may set their positions in place.
	Events []sigil.Event
	// Idempotency is stored with it if Key is not empty.
	Idempotency Idempotency
}

// Idempotency ties an insert to the request that caused it.
type Idempotency struct {
	Key string
	// Fingerprint identifies the request, so that a repeated one is recognized.
	Fingerprint [32]byte
	// Ends is when the answer may be dropped.
	Ends time.Time
}

// Inserted is what an Insert did.
type Inserted struct {
	// Evicted are the events of the memories that made room, with their positions.
	Evicted []sigil.Event
	// Answers are those found under the items' idempotency keys, by index of the item. If there is one, nothing was
	// inserted.
	Answers map[int]Answer
}

// Answer is what is kept of an idempotent insert: enough, with the request itself, to return the first answer again,
// even if the memory has changed or gone since.
type Answer struct {
	Fingerprint [32]byte
	Memory      sigil.Meta // as it was inserted
}

// Quota bounds a tenant. 0 is no bound.
type Quota struct {
	Memories int
	Bytes    int64 // of data
}

// Query selects the memories that List returns.
type Query struct {
	Tenant string
	Now    time.Time
	Limit  int
	// Bytes, if over 0, ends a page before the memory whose data would take it over that many bytes. A page holds at
	// least one memory, if there is one.
	Bytes int64
	// NoData leaves the data of every memory nil. Nothing counts towards Bytes then.
	NoData bool
	// Before, if not the zero id, continues after the memory with this id.
	Before sigil.ID
	// The filters below apply if they are set.
	Crystallized *bool
	Pinned       *bool
	Pattern      *int
	FadingBefore time.Time
}

// Matches reports whether m is live at q.Now and passes the filters. It does not check the tenant and Before.
func (q *Query) Matches(m *sigil.Meta) bool {
	return !m.Due(q.Now) &&
		(q.Crystallized == nil || m.Crystallized == *q.Crystallized) &&
		(q.Pinned == nil || m.Pinned == *q.Pinned) &&
		(q.Pattern == nil || m.Frequency.Pattern() == *q.Pattern) &&
		(q.FadingBefore.IsZero() || !m.FadesAt.IsZero() && m.FadesAt.Before(q.FadingBefore))
}

// Ends reports whether a page of n memories with that many bytes of data ends before one of size bytes.
func (q *Query) Ends(n int, bytes int64, size int) bool {
	return n == q.Limit || q.Bytes > 0 && !q.NoData && n > 0 && bytes+int64(size) > q.Bytes
}

// NearestQuery selects the neighbors of a frequency.
type NearestQuery struct {
	Tenant    string
	Now       time.Time
	Limit     int
	Frequency sigil.Frequency
	Span      int // the greatest difference between a neighbor's frequency index and Frequency
	// IDsOnly asks for keys and frequencies only. Other fields of the returned Metas are unspecified.
	IDsOnly bool
}

// FadingQuery selects memories by deadline.
type FadingQuery struct {
	Tenant     string
	Now, Until time.Time
	Limit      int
	// After, if not the zero id, continues after the memory with this id and deadline.
	After   sigil.ID
	AfterAt time.Time
}

// PolicyCount counts the memories of one policy.
type PolicyCount struct {
	Policy   sigil.Policy
	Memories int
}

// CountPolicies returns counts in the order of [Stats.Policies], or nil if there are none.
func CountPolicies(counts map[sigil.Policy]int) []PolicyCount {
	var all []PolicyCount
	for policy, n := range counts {
		all = append(all, PolicyCount{Policy: policy, Memories: n})
	}
	slices.SortFunc(all, func(a, b PolicyCount) int {
		return cmp.Or(b.Memories-a.Memories, strings.Compare(a.Policy.String(), b.Policy.String()))
	})
	return all
}

// Stats counts a tenant's live memories.
type Stats struct {
	Memories     int
	Bytes        int64 // of data
	Pinned       int
	Crystallized int
	Patterns     int // with a live member
	// PatternCrystals counts the crystals of patterns.
	PatternCrystals int
	// AverageDecay is the mean of the decays, or 0 if there is no memory.
	AverageDecay float64
	// Policies counts the memories that fade (neither pinned nor crystallized) by their policy, the policy with most
	// memories first, then by its text; nil if there are none.
	Policies []PolicyCount
	// NextFade is the earliest deadline; zero for none.
	NextFade time.Time
	// Position is that of the newest journal entry of the store.
	Position uint64
}

// Info identifies a store.
type Info struct {
	// ID was made with the store and stays.
	ID        sigil.ID
	CreatedAt time.Time
	// Format is the version of the layout.
	Format int
	// Driver names the kind of store: "pebble", "model".
	Driver string
}
