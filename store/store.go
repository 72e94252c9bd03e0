// Package store is the border between the engine's rules and the place where memories are kept. It has the
// interface [Store], with the promises of each method.
//
// It knows neither policies, nor the meaning of limits, nor the time: the engine passes times and decisions
// in. A driver (pebblestore, pgstore, and the Model of storetest) does not know the engine. Package storetest
// has the contract that every driver passes.
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

// Store keeps memories, crystals, signatures of code and the journal.
//
// Every method may be called from any goroutine. A method that changes something returns nil only when the
// change is durable (synced) and visible, together with its journal entries. If it returns ErrUnavailable, or
// the context's error, the outcome is unknown, like after a lost connection: the whole change is visible, now
// or after the next open, or never. After every other error, nothing of the change is visible, now or after a
// crash.
//
// A change may return ErrFull ("disk_full") if the disk has no space. Changes that free space are refused
// last.
//
// "Live" at now means not [sigil.Meta.Due] at now. Reads return only live memories. The now of a caller's
// later calls is never earlier. Functions passed in must be pure and fast, and must not call the store: they
// may run more than once, and run while the memory they decide about is locked.
//
// Errors are those of package sigil, found by errors.Is. Drivers return ErrNotFound, ErrConflict, ErrFull,
// ErrClosed and ErrUnavailable with a code, and other errors unchanged.
type Store interface {
	Memories
	Undo
	Corrections
	Attacher
	Eraser
	Searcher
	Patterns
	Signatures
	TenantPolicies
	TenantClocks
	Journal
	Leases

	// Info returns the store's identity. It never fails and does no I/O.
	Info() Info

	// Clock returns the clock that all processes with this store use, such as that of a database, or nil if each
	// process uses its machine's clock. It returns the same clock each time. Every store has this method, so that a
	// store that wraps another cannot silently change which clock decides.
	Clock() *clock.Clock

	// Close makes everything durable and releases the store's resources. It waits for calls in progress. Later calls
	// return ErrClosed, and a second Close nil.
	Close() error
}

// Memories keeps memories, and the answers to inserts with idempotency keys.
type Memories interface {
	// Insert keeps items of one tenant, all or none. An item's time is its [Item.Now]. Ids must be new: if the tenant has a
	// memory with the id of an item, live or not, or two items have one id, Insert returns ErrConflict ("exists"). Of
	// concurrent calls whose items have At set, at most one stores an id, and none that of a removed memory that is kept, which is
	// ErrConflict ("exists") as well. Other ids must not be those of removed memories.
	//
	// If the tenant would be over quota, Insert first evicts, in the same commit, the memories nearest to their
	// deadline (the older id first if equal, those without one last) among those that are evictable, or past it at the first item's time.
	// It journals the event that evict returns for each. If that is not enough, it returns ErrFull
	// ("quota_full") and evicts nothing. It also returns ErrFull if an item is larger than the whole quota.
	//
	// If an answer that ends after an item's time is stored under the item's idempotency key, nothing is
	// inserted and the answers found are returned. If an Insert with that key is in progress, Insert returns
	// ErrConflict ("idempotency_in_flight"). Items of one call must have different keys.
	//
	// Two memories of one tenant with the same Hash are duplicates. They must have the same Frequency: a store may look for
	// them by both. If one that is live at a unique item's time is stored, nothing is inserted. At any time, at most
	// one of the calls that insert unique items with one hash stores theirs, however many processes call. A unique item
	// must not have the hash of an earlier item of its call.
	//
	// An item with Correct set supersedes another memory, and must be the only one: see [Corrections].
	//
	// If Insert returns no error, the items and their events belong to the caller again. The values they refer
	// to (data, tags) must never be changed.
	Insert(ctx context.Context, tenant string, items []Item, quota Quota, evict func(m sigil.Meta, reason string) sigil.Event) (Inserted, error)

	// Get returns the memory live at now, or ErrNotFound. It does not return ErrNotFound during an Update that could
	// still keep the memory: it waits for that Update.
	Get(ctx context.Context, key sigil.Key, now time.Time) (sigil.Memory, error)

	// Meta is like Get but returns no content.
	Meta(ctx context.Context, key sigil.Key, now time.Time) (sigil.Meta, error)

	// Update changes one memory. change gets it, live or not, locked against every other change, and reads the
	// time itself. It returns an event to journal, or nil for a mere refresh, or an error; then Update returns
	// that error unchanged and nothing changes. change may set LastAccessed, Stood, AccessCount, FadesAt, Pinned,
	// Stretch and Policy. A refresh is visible when Update returns and durable at most a second later; all other changes
	// are durable when Update returns.
	Update(ctx context.Context, key sigil.Key, change func(m *sigil.Meta) (*sigil.Event, error)) (sigil.Memory, error)

	// Amend is like Update, for a change that may also set Tags and TTL, and is durable with an answer. If change sets other
	// Tags or another TTL, or makes the deadline earlier, it must return an event. If the amendment has an idempotency key, its answer is stored in the same commit;
	// if there is one already that ends after a.At, nothing changes and that one is returned, and an Insert or Amend
	// with the key in progress is ErrConflict as for Insert.
	Amend(ctx context.Context, a Amendment, change func(m *sigil.Memory) (*sigil.Event, error)) (Amended, error)

	// Remove deletes the existing memories among keys for which decide returns true, with their crystals, in
	// one commit with the events that decide returned. It returns these with their positions. decide is called
	// while nothing else can change the memory. The keys may belong to different tenants.
	Remove(ctx context.Context, keys []sigil.Key, decide func(m sigil.Meta) (sigil.Event, bool)) ([]sigil.Event, error)

	// Due returns at most limit keys of all tenants' memories that are past their deadline at now, in any
	// order. Its cost does not depend on how many memories are not due. now is the caller's, whatever clocks tenants have.
	Due(ctx context.Context, now time.Time, limit int) ([]sigil.Key, error)

	// Unnoticed returns at most limit keys of all tenants' memories with a deadline after one time and up to another
	// that are not noticed, in any order. Its cost does not depend on how many memories are noticed, or have other deadlines. The times
	// are the caller's. Tenants whose clocks stand still at after are passed over: nothing of theirs comes nearer.
	Unnoticed(ctx context.Context, after, until time.Time, limit int) ([]sigil.Key, error)

	// Notice marks the existing memories among keys for which decide returns true as noticed, in one commit with the
	// events that decide returned. It returns these with their positions. decide is called while nothing else can change the
	// memory, and only for one that has a deadline and is not noticed. A memory is noticed until its deadline changes, whatever
	// changes it. The keys may belong to different tenants.
	Notice(ctx context.Context, keys []sigil.Key, decide func(m sigil.Meta) (sigil.Event, bool)) ([]sigil.Event, error)

	// List returns memories that are live at q.Now and match q, in the order of q.Sort. more reports whether there
	// are more after the last one. A page ends at q.Limit memories or at q.Bytes of data. With q.Tags, the cost
	// depends on the memories that have one of these tags, not on how many there are.
	//
	// With q.Text, it sees what [Searcher].Search sees, and returns ErrInvalid ("invalid_query") for a text that is blank or too
	// long, ErrConflict ("search_off") if the store does not search, and ErrUnavailable ("search_building") while the index
	// of words is being built after an open: memories would be missing.
	List(ctx context.Context, q Query) (page []sigil.Memory, more bool, err error)

	// Nearest appends to metas the live memories whose frequency is within q.Span of q.Frequency, nearest first
	// and newest first among equals. The slice stays the caller's.
	Nearest(ctx context.Context, metas []sigil.Meta, q NearestQuery) ([]sigil.Meta, error)

	// Fading returns the memories of a tenant that are live at q.Now and have a deadline up to q.Until,
	// soonest first, and the older id first if deadlines are equal. more reports whether there are more after
	// the last one. Their data is nil. The cost depends only on the number of memories returned.
	Fading(ctx context.Context, q FadingQuery) (page []sigil.Memory, more bool, err error)

	// Stats counts the memories that are live at now.
	Stats(ctx context.Context, tenant string, now time.Time) (Stats, error)

	// Tenants returns the tenants that have a memory, a crystal or a signature, by name.
	Tenants(ctx context.Context) ([]string, error)

	// Policies returns every policy that a memory or journal entry of the store may have. It may also return
	// policies that are no longer in use.
	Policies(ctx context.Context) ([]sigil.Policy, error)

	// PruneAnswers drops at most limit idempotency answers that ended by now, and returns how many it dropped.
	// It needs no sync: an answer that has ended is not returned, whether dropped or not.
	PruneAnswers(ctx context.Context, now time.Time, limit int) (int, error)
}

// Patterns keeps the results of memories: patterns are derived from them, crystals of patterns are stored.
type Patterns interface {
	// Patterns returns the tenant's patterns with at least one live member, by group. Means are the same in
	// every driver: the mean potential is that of [Sum], the mean frequency is float64(sum of the indexes) /
	// members / 1000 · φ.
	Patterns(ctx context.Context, tenant string, now time.Time) ([]sigil.Pattern, error)

	// Crystallize calls change for each pattern of the tenant that has a live member or a crystal, by group, with its
	// crystal (nil if none). It stores the crystal and journals the event that change returns, unless they are nil.
	// Concurrent calls for one tenant run one after the other.
	Crystallize(ctx context.Context, tenant string, now time.Time, change func(p sigil.Pattern, old *sigil.Crystal) (*sigil.Crystal, *sigil.Event)) error

	// Crystals returns the tenant's pattern crystals, by group. (A memory's crystal is part of the memory:
	// list with [Query.Crystallized].)
	Crystals(ctx context.Context, tenant string) ([]sigil.Crystal, error)
}

// Journal reads the entries that were journaled with changes, and drops the oldest ones.
type Journal interface {
	// Events returns at most limit journal entries of the tenant with a position over after, in order. It
	// returns ErrGone ("position_gone") if Trim dropped entries after that position, and ErrGone
	// ("position_ahead") if that position is over the newest one of all tenants: then the store was restored
	// from an older copy.
	Events(ctx context.Context, tenant string, after uint64, limit int) ([]sigil.Event, error)

	// JournalBounds returns where the journal of all tenants begins and ends: the position up to which entries
	// are dropped, and the newest position. It is cheap.
	JournalBounds(ctx context.Context) (trimmed, newest uint64, err error)

	// EntryHash returns the [sigil.Event.Hash] of the entry at a position, of any tenant. It returns ErrGone
	// ("position_gone") for 0 and for a position that Trim dropped, and ErrGone ("position_ahead") for one over the
	// newest. An entry that was erased keeps its hash. The cost grows with the number of tenants.
	EntryHash(ctx context.Context, position uint64) (sigil.Hash, error)

	// Link returns the newest link of the journal's chain, and the position of the last entry that it covers. Each
	// commit that journals has one link: the SHA-256 of the link before, the position of the commit's last entry (8
	// bytes, big-endian) and the hashes of its entries, of all tenants, by position. So a link shows whether an
	// entry up to its position was changed, moved or left out. The chain begins with a link of zeros: at position 0,
	// or at the newest position of a store that older programs wrote when it was upgraded. Trim does not change it.
	Link(ctx context.Context) (position uint64, link sigil.Hash, err error)

	// Wait returns nil when Events with the same arguments would return an entry, which may be at once. It
	// returns ctx's error, ErrGone if Events would, and ErrClosed when the store is closed: Close does not
	// wait for it.
	Wait(ctx context.Context, tenant string, after uint64) error

	// Trim drops the start of the journal, up to a position that it returns and stores. All dropped entries
	// were older than before, or not among the newest keep positions (0 means that their number does not
	// matter). It drops no entry after the first one that is neither. If before is zero, nothing is dropped by
	// age.
	Trim(ctx context.Context, before time.Time, keep uint64) (trimmed uint64, err error)
}

// Leases let one of several processes work under a name, such as that of a webhook, and store how far it has
// come.
type Leases interface {
	// Claim acquires or renews the lease on name for owner, until a time; an end that is not after now
	// releases the lease. It fails while another owner's lease is unexpired. A lease expires when now reaches
	// its end. It is also expired if its end is more than MaxLease after now, since only a clock that was
	// ahead can have made it. Claim returns the position stored under name, or 0 if there is none, and whether
	// owner has the lease. Among all processes that share the store and agree on the time, at most one has it.
	Claim(ctx context.Context, name string, owner sigil.ID, until, now time.Time) (position uint64, held bool, err error)

	// Advance stores a position under name. It does nothing if the stored position is greater, unless that is
	// over the journal's newest position, as in a store that was restored from an older copy. It returns
	// ErrConflict ("not_claimed") if owner was not the last to claim the name.
	Advance(ctx context.Context, name string, owner sigil.ID, position uint64) error
}

// MaxLease is the maximum time of a lease; callers of [Leases.Claim] do not ask for more.
const MaxLease = time.Minute

// Quota limits a tenant. 0 means no limit.
type Quota struct {
	Memories int
	Bytes    int64 // of data
}

// Query selects the memories that List returns.
type Query struct {
	Tenant string
	Now    time.Time
	Limit  int
	// Bytes, if over 0, ends a page before the memory whose data would exceed that many bytes. A page has at
	// least one memory, if there is one.
	Bytes int64
	// NoData leaves the data of every memory nil. Then data does not count towards Bytes.
	NoData bool
	// Sort is the order. A memory that is recalled between two pages of an order by figures may be on both or on
	// neither; every other one is on one of them.
	Sort sigil.Sort
	// Before, if not the zero id, continues after the memory with this id. BeforeKey is then the [SortKey] that it
	// had on its page.
	Before    sigil.ID
	BeforeKey int64
	// The filters below apply if they are set.
	Tags []string // a memory must have all of these
	// Text is a query, as [SearchQuery] has it, which a memory must match by its words. It ranks nothing, and meaning finds nothing.
	Text         string
	Crystallized *bool
	Pinned       *bool
	Pattern      *int
	TTL          *bool // whether it has one
	// FadingAfter and FadingBefore are exclusive. A memory without a deadline passes neither.
	FadingAfter, FadingBefore time.Time
}

// Matches reports whether m is live at q.Now and passes the filters. It does not check the tenant, Before, and the
// tags and the text, which figures do not have.
func (q *Query) Matches(m *sigil.Meta) bool {
	return !m.Due(q.Now) &&
		(q.Crystallized == nil || m.Crystallized == *q.Crystallized) &&
		(q.Pinned == nil || m.Pinned == *q.Pinned) &&
		(q.Pattern == nil || m.Frequency.Pattern() == *q.Pattern) &&
		(q.TTL == nil || (m.TTL != 0) == *q.TTL) &&
		fadesWithin(m, q.FadingAfter, q.FadingBefore)
}

// Ends reports whether a page that has n memories with that many bytes of data ends before a memory of size
// bytes.
func (q *Query) Ends(n int, bytes int64, size int) bool {
	return n == q.Limit || q.Bytes > 0 && !q.NoData && n > 0 && bytes+int64(size) > q.Bytes
}

// NearestQuery selects the neighbors of a frequency.
type NearestQuery struct {
	Tenant    string
	Now       time.Time
	Limit     int
	Frequency sigil.Frequency
	Span      int // the maximum difference between a neighbor's frequency index and Frequency
	// IDsOnly requests only keys and frequencies. Other fields of the returned Metas are unspecified.
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
	Own      int // those of Memories that have the policy of their own
}

// CountPolicies returns counts in the order of [Stats.Policies], or nil if there are none. Policy need not be set in them.
func CountPolicies(counts map[sigil.Policy]PolicyCount) []PolicyCount {
	var all []PolicyCount
	for policy, n := range counts {
		n.Policy = policy
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b PolicyCount) int {
		return cmp.Or(b.Memories-a.Memories, strings.Compare(a.Policy.String(), b.Policy.String()))
	})
	return all
}

// Add counts n more memories, own of which have the policy of their own.
func (c PolicyCount) Add(n, own int) PolicyCount {
	c.Memories, c.Own = c.Memories+n, c.Own+own
	return c
}

// Stats counts a tenant's live memories.
type Stats struct {
	Memories     int
	Bytes        int64 // of data
	Pinned       int
	Crystallized int
	Patterns     int // those with a live member
	// PatternCrystals counts the crystals of patterns.
	PatternCrystals int
	// AverageDecay is the mean of the decays, or 0 if there is no memory.
	AverageDecay float64
	// Policies counts the memories that fade (neither pinned nor crystallized) by their policy, the policy
	// with most memories first, then by its text. It is nil if there are none.
	Policies []PolicyCount
	// NextFade is the earliest deadline, or zero if there is none.
	NextFade time.Time
	// Position is the position of the store's newest journal entry.
	Position uint64
}

// Info identifies a store.
type Info struct {
	// ID was made with the store and never changes.
	ID sigil.ID
	// Epoch is ID in a store that was never restored from a backup or another older copy, and another one after each
	// time that it was, as far as the driver can tell.
	Epoch     sigil.ID
	CreatedAt time.Time
	// Format is the version of the layout.
	Format int
	// Driver names the kind of store: "pebble", "model".
	Driver string
}
