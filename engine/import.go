package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/canon"
	"github.com/sigil-dna/sigil/store"
)

// ExportedMemory is a memory with all that an export has of it.
type ExportedMemory struct {
	sigil.Memory
	// Vector is the one that the caller gave with the memory, or empty. Only its direction counts.
	Vector []int8
	// SupersededBy is set of a former version: the memory that superseded this one, at SupersededAt.
	SupersededBy sigil.ID
	SupersededAt time.Time
}

// ImportOutcome is what became of one memory of an import.
type ImportOutcome string

// The outcomes of an import, beside an error.
const (
	ImportInserted ImportOutcome = "inserted"
	// ImportSame means that the memory was there already. It stays as it is, with the recalls that it has.
	ImportSame ImportOutcome = "same"
	// ImportFaded means that the memory is past its deadline, and is not inserted.
	ImportFaded ImportOutcome = "faded"
	// ImportSuperseded means that the memory was superseded here since. It stays so.
	ImportSuperseded ImportOutcome = "superseded"
	// ImportDetached means that the memory is a former version of one that is not here, and is not inserted.
	ImportDetached ImportOutcome = "detached"
)

// ImportResult is the result for one memory of an import: Outcome is set if Err is nil.
type ImportResult struct {
	Outcome ImportOutcome
	Err     error
}

// Import brings memories back as they are, with their ids, ages, recalls, deadlines and policies, and returns a result for
// each, in order. When it returns, those that were inserted are durable. It can be repeated: a memory that is there
// already, with the same data, state, tags, ttl and vector, is the same, and nothing is changed or journaled. A memory whose
// id is there with other content is [sigil.ErrConflict] ("exists"); Field names what differs. So is one that was removed here and can still be
// restored.
//
// A former version is kept as one of the memory that superseded it, which must be here, or come before it; versions come from the newest to the
// oldest, as in an export. It counts towards no quota. If it is live here, it is superseded now. Each is a commit of its own.
//
// What follows from other figures must be what it is here: Hash, Frequency and Size from Data, Potential and Crystallized from State,
// FadesAt from the times, the ttl, the policy and Stretch. A memory with a wrong figure is [sigil.ErrInvalid], and Field names it. So is one from
// the future.
//
// The quota applies as in [Engine.EncodeBatch]. The journal says encoded, and of a version corrected as well, with the reason import and the time of
// the import. If dryRun is set, nothing is changed, and the results are those of an import without a quota that has inserted all that versions
// follow. If err is not nil, nothing was inserted,
// or, after [sigil.ErrUnavailable] and errors of ctx, it is unknown what was.
func (e *Engine) Import(ctx context.Context, tenant string, memories []ExportedMemory, dryRun bool) (results []ImportResult, err error) {
	begin := time.Now()
	defer func() { e.observeImport(results, dryRun, time.Since(begin), err) }()
	if err := sigil.CheckTenant(tenant); err != nil {
		return nil, err
	}
	if len(memories) > e.limits.Batch {
		return nil, sigil.NewTooLarge("batch_too_large", "", fmt.Sprintf("the import has more than %d memories", e.limits.Batch))
	}
	if !dryRun {
		e.useNew(ctx, tenant)
	}
	i := &importing{Engine: e, tenant: tenant, results: make([]ImportResult, len(memories)), first: map[sigil.ID]int{}, repeats: map[int]int{}}
	if err := i.take(ctx, memories); err != nil {
		return nil, err
	}
	if !dryRun {
		if err := i.insert(ctx); err != nil {
			return nil, err
		}
	}
	if err := i.importVersions(ctx, memories, dryRun); err != nil {
		return nil, err
	}
	for at, first := range i.repeats {
		if err := i.results[first].Err; err != nil {
			i.results[at] = ImportResult{Err: err}
		}
	}
	return i.results, nil
}

// observeImport reports the inserted memories as one call, and each refused one.
func (e *Engine) observeImport(results []ImportResult, dryRun bool, took time.Duration, err error) {
	inserted := 0
	for i := range results {
		switch {
		case results[i].Err != nil:
			e.observer.Refused(results[i].Err)
		case results[i].Outcome == ImportInserted && !dryRun:
			inserted++
		}
	}
	e.observer.Did("import", inserted, took, err)
}

// importing is one call of Import.
type importing struct {
	*Engine
	tenant  string
	results []ImportResult
	items   []store.Item
	at      []int            // the index in results of each item
	first   map[sigil.ID]int // the index in items of each id
	repeats map[int]int      // by index in results, the index of the first memory with the same id
	// checked are all valid memories, and versions the indexes of those among them that are versions.
	checked  []store.Item
	versions []int
}

// take decides what becomes of each memory. It returns only errors that end the call.
func (i *importing) take(ctx context.Context, memories []ExportedMemory) error {
	now := i.now()
	ids := make([]sigil.ID, 0, len(memories))
	i.checked = make([]store.Item, len(memories))
	for at := range memories {
		m := &memories[at]
		item, err := i.checkImported(i.tenant, m, now)
		version := m.SupersededBy != sigil.ID{}
		if err == nil && version {
			err = checkVersion(m, now)
		}
		i.checked[at], i.results[at].Err = item, err
		switch {
		case err != nil:
		case version:
			i.versions = append(i.versions, at)
		default:
			ids = append(ids, item.Memory.ID)
		}
	}
	there, err := i.find(ctx, ids, now)
	if err != nil {
		return err
	}
	ids = slices.DeleteFunc(ids, func(id sigil.ID) bool { _, live := there[id]; return live })
	kept, err := i.store.Versions(ctx, i.tenant, ids)
	if err != nil {
		return wrap(err)
	}
	here := make(map[sigil.ID]*store.Version, len(kept))
	for n := range kept {
		here[kept[n].Memory.ID] = &kept[n]
	}
	for at := range memories {
		item := &i.checked[at]
		switch gone := here[item.Memory.ID]; {
		case i.results[at].Err != nil || memories[at].SupersededBy != sigil.ID{}:
		case gone != nil:
			i.results[at] = keptHere(item, gone)
		default:
			i.decide(at, *item, there, now)
		}
	}
	return nil
}

// decide decides what becomes of a valid memory.
func (i *importing) decide(at int, item store.Item, there map[sigil.ID]store.Item, now time.Time) {
	id := item.Memory.ID
	if live, found := there[id]; found {
		i.results[at] = compare(&item, &live)
		return
	}
	if first, again := i.first[id]; again {
		i.results[at] = compare(&item, &i.items[first])
		if i.results[at].Err == nil {
			i.repeats[at] = i.at[first]
		}
		return
	}
	if item.Memory.Due(now) {
		i.results[at].Outcome = ImportFaded
		return
	}
	i.results[at].Outcome = ImportInserted
	i.first[id] = len(i.items)
	i.items, i.at = append(i.items, item), append(i.at, at)
}

// find returns those memories that are there and live, with their vectors.
func (i *importing) find(ctx context.Context, ids []sigil.ID, now time.Time) (map[sigil.ID]store.Item, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	ids = slices.Clone(ids)
	slices.SortFunc(ids, func(a, b sigil.ID) int { return bytes.Compare(a[:], b[:]) })
	live, err := i.store.Contents(ctx, i.tenant, slices.Compact(ids), now)
	if err != nil || len(live) == 0 {
		return nil, wrap(err)
	}
	ids = ids[:0]
	for n := range live {
		ids = append(ids, live[n].ID)
	}
	vectors, err := i.store.Vectors(ctx, i.tenant, store.OwnModel, ids)
	if err != nil {
		return nil, wrap(err)
	}
	there := make(map[sigil.ID]store.Item, len(live))
	for n := range live {
		there[live[n].ID] = store.Item{Memory: live[n], Vector: vectors[n]}
	}
	return there, nil
}

// insert inserts the items in one commit, or, if one of them is refused, each in its own.
func (i *importing) insert(ctx context.Context) error {
	if len(i.items) == 0 {
		return nil
	}
	i.changes.Add(uint64(len(i.items)))
	err := i.commit(ctx, i.items)
	if err == nil || !refusesItems(err) {
		return err
	}
	for n := range i.items {
		item := &i.items[n]
		err := i.commit(ctx, i.items[n:n+1])
		if sigil.CodeOf(err) == "exists" { // since take looked, another import has inserted it
			there, err := i.find(ctx, []sigil.ID{item.Memory.ID}, i.now())
			if err != nil {
				return err
			}
			kept, err := i.store.Versions(ctx, i.tenant, []sigil.ID{item.Memory.ID})
			if err != nil {
				return wrap(err)
			}
			if live, found := there[item.Memory.ID]; found {
				i.results[i.at[n]] = compare(item, &live)
			} else if len(kept) > 0 {
				i.results[i.at[n]] = keptHere(item, &kept[0])
			} else {
				i.results[i.at[n]] = ImportResult{Err: newExists("id", "a memory with this id has faded, and is not swept yet: try again")}
			}
			continue
		}
		if err != nil && !refusesItems(err) {
			return err
		}
		if err != nil {
			i.results[i.at[n]] = ImportResult{Err: err}
		}
	}
	return nil
}

// refusesItems reports whether an error of an insert is about its items, so that others could be inserted.
func refusesItems(err error) bool {
	return sigil.CodeOf(err) == "quota_full" || errors.Is(err, sigil.ErrConflict)
}

// commit inserts items, which are journaled as imported now.
func (i *importing) commit(ctx context.Context, items []store.Item) error {
	now := i.now()
	for n := range items {
		item := &items[n]
		m := &item.Memory
		item.At = now
		item.Events = append(item.Events[:0], sigil.Event{Time: now, Kind: sigil.Encoded, Reason: sigil.ReasonImport, Memory: m.Meta})
		if m.Crystallized {
			crystal := CrystalOf(&m.Meta)
			item.Events = append(item.Events, sigil.Event{Time: now, Kind: sigil.Crystallized, Reason: sigil.ReasonPotential, Memory: m.Meta, Crystal: &crystal})
		}
	}
	inserted, err := i.store.Insert(ctx, i.tenant, items, i.Settings().Quota, i.evict)
	if err != nil {
		return wrap(err)
	}
	for n := range inserted.Evicted {
		i.observer.Released(inserted.Evicted[n].Reason, 1)
	}
	i.embedded(items)
	return nil
}

// compare returns the result for a memory whose id is that of another one: they are the same, or they differ in what no
// recall, pin or new policy changes. A live memory may have got more tags.
func compare(item, there *store.Item) ImportResult {
	m, live := &item.Memory, &there.Memory
	field := ""
	switch {
	case !bytes.Equal(m.Data, live.Data):
		field = "data"
	case !equalStates(&m.State, &live.State):
		field = "state"
	case m.TTL != live.TTL:
		field = "ttl"
	case slices.ContainsFunc(m.Tags, func(tag string) bool { return !slices.Contains(live.Tags, tag) }):
		field = "tags"
	case !slices.Equal(item.Vector, there.Vector):
		field = "vector"
	default:
		return ImportResult{Outcome: ImportSame}
	}
	return ImportResult{Err: newExists(field, "is not that of the memory that is here under this id")}
}

func newExists(field, detail string) error {
	return &sigil.Error{Kind: sigil.ErrConflict, Code: "exists", Field: field, Detail: detail}
}

func equalStates(a, b *sigil.State) bool {
	one, err := json.Marshal(a)
	other, err2 := json.Marshal(b)
	return err == nil && err2 == nil && bytes.Equal(canon.Ordered(one), canon.Ordered(other))
}

// maxRecalls is the most recalls that an imported memory may have: more than any has, and few enough for every store.
const maxRecalls = 1 << 53

// checkImported checks all figures of a memory at a time, and returns it as an item without events.
func (e *Engine) checkImported(tenant string, m *ExportedMemory, now time.Time) (item store.Item, err error) {
	if m.Tenant != tenant {
		return item, wrongFigure("tenant", "is not the tenant of the request")
	}
	data, hash, err := canon.Read("data", m.Data, canon.Limits{Bytes: e.limits.Data, Depth: e.limits.Depth})
	if err != nil {
		return item, err
	}
	if err := e.checkState(&m.State); err != nil {
		return item, err
	}
	if err := e.checkTags(m.Tags); err != nil {
		return item, err
	}
	if m.TTL < 0 || m.TTL > sigil.MaxTTL || m.TTL != wholeMillis(m.TTL) {
		return item, sigil.NewInvalid("invalid_ttl", "ttl", "must be a whole number of milliseconds, over 0 and at most 100 years")
	}
	if !(m.Stretch >= 0 && m.Stretch <= math.MaxFloat64) { // written so that NaN fails
		return item, wrongFigure("stretch", "must be over 0")
	}
	if m.Stood%time.Second != 0 || m.Stood.Abs() > store.MaxStood {
		return item, wrongFigure("stoodSeconds", "must be a whole number of seconds, at most 50 years")
	}
	if m.Policy == nil {
		return item, sigil.NewInvalid("invalid_policy", "policy", "is required")
	}
	if err := checkMoments(&m.Meta, now); err != nil {
		return item, err
	}
	kept := m.Memory
	kept.Data, kept.Size, kept.Tags = data, len(data), slices.Clone(m.Tags)
	kept.Hash, kept.Frequency, kept.Potential = hash, hash.Frequency(), m.State.Potential()
	kept.Crystallized = kept.Potential > sigil.CrystallizeAbove
	kept.Reschedule()
	kept.DuplicateOf, kept.Similar = sigil.ID{}, nil
	// The potential may have been computed by another processor, which may round its last digit differently.
	const rounding = 1e-12
	switch {
	case m.Hash != hash:
		return item, wrongFigure("hash", "is not the SHA-256 of the data in canonical form, which is "+hash.String())
	case m.Frequency != kept.Frequency:
		return item, wrongFigure("frequency", "is not that of the hash")
	case !(math.Abs(m.Potential-kept.Potential) <= rounding): // written so that NaN fails
		return item, wrongFigure("potential", "is not that of the state")
	case m.Crystallized != kept.Crystallized:
		return item, wrongFigure("crystallized", "does not follow from the potential")
	case !m.FadesAt.Equal(kept.FadesAt):
		return item, wrongFigure("fadesAt", "does not follow from lastAccessed, stoodSeconds, ttl, pinned, crystallized, policy and stretch")
	}
	item.Memory = kept
	if len(m.Vector) > 0 {
		numbers := make([]float32, len(m.Vector))
		for i, x := range m.Vector {
			numbers[i] = float32(x)
		}
		v, err := compact(numbers)
		if err != nil {
			return item, err
		}
		item.Vector = store.Vector(v)
	}
	return item, nil
}

// checkMoments checks the id, the times and the count of recalls.
func checkMoments(m *sigil.Meta, now time.Time) error {
	const id7 = "must be a UUID version 7 of the millisecond of createdAt"
	whole := func(t time.Time) bool { return t.Equal(t.Truncate(time.Millisecond)) }
	switch {
	case m.CreatedAt.UnixMilli() < 0 || !whole(m.CreatedAt):
		return wrongFigure("createdAt", "must be a time after 1970, in whole milliseconds")
	case m.CreatedAt.After(now):
		return wrongFigure("createdAt", "is in the future: it is now "+now.Format(time.RFC3339Nano)+" here")
	case m.ID.Version() != 7 || m.ID[8]>>6 != 2 || millisecond(m.ID) != m.CreatedAt.UnixMilli():
		return wrongFigure("id", id7)
	case m.LastAccessed.Before(m.CreatedAt) || !whole(m.LastAccessed):
		return wrongFigure("lastAccessed", "must be from createdAt on, in whole milliseconds")
	case m.LastAccessed.After(now):
		return wrongFigure("lastAccessed", "is in the future: it is now "+now.Format(time.RFC3339Nano)+" here")
	case m.AccessCount > maxRecalls:
		return wrongFigure("accessCount", "is too large")
	}
	return nil
}

// millisecond returns the time in an id.
func millisecond(id sigil.ID) (ms int64) {
	for _, b := range id[:6] {
		ms = ms<<8 | int64(b)
	}
	return ms
}

func wrongFigure(field, detail string) error {
	return sigil.NewInvalid("invalid_figure", field, detail)
}
