package model

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// Same runs one log of operations, drawn from seed, on several stores, which must be empty. It asserts that
// all return the same answer to each operation and have the same content at the end. It closes none of them.
func Same(t *testing.T, seed uint64, steps int, stores map[string]store.Store) {
	t.Helper()
	l := &log{rng: rand.New(rand.NewPCG(seed, 0)), now: time.UnixMilli(1_790_000_000_000).UTC()} // a test's random choices
	var names []string
	for name := range stores {
		names = append(names, name)
	}
	slices.Sort(names)
	for step := range steps {
		what, do := l.draw()
		first := do(t.Context(), stores[names[0]])
		for _, name := range names[1:] {
			given := do(t.Context(), stores[name])
			if storetest.AlmostEqual(given.decay, first.decay) {
				given.decay = first.decay
			}
			if !reflect.DeepEqual(given, first) {
				t.Fatalf("seed %d, step %d, %s:\n%s answers %+v\n%s answers %+v", seed, step, what, names[0], first, name, given)
			}
		}
	}
	for _, name := range names[1:] {
		for _, later := range []time.Duration{0, time.Hour, 48 * time.Hour} {
			storetest.Compare(t, stores[name], stores[names[0]], append(slices.Clone(tenants[:]), "nobody"), l.now.Add(later))
		}
	}
}

// log draws operations.
type log struct {
	rng  *rand.Rand
	now  time.Time
	ids  []sigil.Key // all that were ever inserted
	keys int         // number of idempotency keys used
}

// tagLists are tags that memories have and lists ask for, texts what lists ask for, and sorts their orders.
var (
	tagLists = [...][]string{{"a", "é"}, {"a"}, {`",", "b`, "a"}, {"é"}, {"a", "b", "a"}}
	texts    = [...]string{"7", "1* -tag:a", "/n:12 30 31", "tag:b", "-é", `"20" a`, "é 3*"}
	sorts    = [...]sigil.Sort{"", sigil.SortCreated, sigil.SortFades, sigil.SortRecalled, sigil.SortRecalls}
)

// given is the result of an operation: values to compare, the code of its error, and a mean of decays, whose
// last digits may differ.
type given struct {
	code   string
	values []any
	decay  float64
}

// gave leaves out the hashes of events, which cover the store's own numbers of policies.
func gave(err error, values ...any) given {
	g := given{code: sigil.CodeOf(err)}
	for _, v := range values {
		if events, ok := v.([]sigil.Event); ok {
			events = slices.Clone(events)
			for n := range events {
				events[n].Hash = sigil.Hash{}
			}
			v = events
		}
		g.values = append(g.values, v)
	}
	return g
}

func (l *log) draw() (what string, do func(context.Context, store.Store) given) {
	l.now = l.now.Add(time.Duration(l.rng.IntN(90_000)) * time.Millisecond)
	now, tenant := l.now, tenants[l.rng.IntN(len(tenants))]
	switch n := l.rng.IntN(28); {
	case n >= 26 && len(l.ids) > 0:
		return l.chains(tenant)
	case n >= 23 && len(l.ids) > 0:
		return l.undo(tenant)
	case n >= 20:
		return l.code(tenant)
	case n < 7 || len(l.ids) == 0:
		return l.insert(tenant)
	case n < 10:
		return l.update(l.key())
	case n < 11:
		return l.remove(l.key(), l.key())
	case n < 13:
		return "sweep", func(ctx context.Context, s store.Store) given { return sweep(ctx, s, now) }
	case n < 14:
		return "crystallize", func(ctx context.Context, s store.Store) given { return crystallize(ctx, s, tenant, now) }
	case n < 15:
		key := l.key()
		return "get", func(ctx context.Context, s store.Store) given { m, err := s.Get(ctx, key, now); return gave(err, m) }
	case n < 16:
		q := store.Query{Tenant: tenant, Now: now, Limit: 1 + l.rng.IntN(20), Before: l.key().ID}
		if l.rng.IntN(2) == 0 {
			q.FadingBefore = now.Add(time.Hour)
		}
		if l.rng.IntN(4) == 0 {
			q.FadingAfter = now.Add(20 * time.Minute)
		}
		if l.rng.IntN(3) == 0 {
			q.Tags = tagLists[l.rng.IntN(len(tagLists))]
		}
		if l.rng.IntN(3) == 0 {
			q.Text = texts[l.rng.IntN(len(texts))]
		}
		switch q.Sort = sorts[l.rng.IntN(len(sorts))]; q.Sort {
		case sigil.SortRecalls:
			q.BeforeKey = l.rng.Int64N(4)
		case sigil.SortFades, sigil.SortRecalled:
			q.BeforeKey = now.UnixMilli() + l.rng.Int64N(7_200_000) - 3_600_000
		}
		return "list", func(ctx context.Context, s store.Store) given {
			page, more, err := s.List(ctx, q)
			return gave(err, len(page), page[:len(page):len(page)], more)
		}
	case n < 17:
		f, span, limit := sigil.Frequency(l.rng.IntN(sigil.NumFrequencies)), l.rng.IntN(300), 1+l.rng.IntN(20)
		return "near", func(ctx context.Context, s store.Store) given {
			near, err := s.Nearest(ctx, nil, store.NearestQuery{Tenant: tenant, Now: now, Limit: limit, Frequency: f, Span: span})
			return gave(err, len(near), append([]sigil.Meta{}, near...))
		}
	case n < 18:
		after, limit := uint64(l.rng.IntN(200)), 1+l.rng.IntN(50) // not negative
		return "events", func(ctx context.Context, s store.Store) given {
			events, err := s.Events(ctx, tenant, after, limit)
			return gave(err, len(events), append([]sigil.Event{}, events...))
		}
	case n < 19:
		return "stats", func(ctx context.Context, s store.Store) given {
			stats, err := s.Stats(ctx, tenant, now)
			decay := stats.AverageDecay
			stats.AverageDecay = 0
			names, err2 := s.Tenants(ctx)
			g := gave(err, stats, err2, append([]string{}, names...))
			g.decay = decay
			return g
		}
	default:
		return "patterns", func(ctx context.Context, s store.Store) given {
			patterns, err := s.Patterns(ctx, tenant, now)
			return gave(err, append([]sigil.Pattern{}, patterns...))
		}
	}
}

func (l *log) key() sigil.Key { return l.ids[l.rng.IntN(len(l.ids))] }

func (l *log) insert(tenant string) (string, func(context.Context, store.Store) given) {
	items := make([]store.Item, 1+l.rng.IntN(3))
	seen := map[sigil.Hash]bool{}
	for i := range items {
		hash, data := l.content()
		m := sigil.Memory{
			Meta: sigil.Meta{
				Key:       sigil.Key{Tenant: tenant, ID: l.id()},
				Frequency: hash.Frequency(), Potential: l.rng.Float64(),
				CreatedAt: l.now, LastAccessed: l.now, Pinned: l.rng.IntN(8) == 0, Policy: l.policy(),
			},
			Hash: hash, State: sigil.DefaultState(), Data: data,
		}
		m.Size = len(m.Data)
		m.Crystallized = m.Potential > sigil.CrystallizeAbove
		if l.rng.IntN(4) == 0 {
			m.TTL = time.Duration(1+l.rng.IntN(600)) * time.Second
		}
		if l.rng.IntN(3) == 0 {
			m.Tags = tagLists[l.rng.IntN(len(tagLists))]
		}
		m.Reschedule()
		items[i] = store.Item{Memory: m, Events: []sigil.Event{{Time: l.now, Kind: sigil.Encoded, Reason: sigil.ReasonRequest, Memory: m.Meta}}}
		if l.rng.IntN(4) == 0 && !seen[hash] {
			items[i].OnDuplicate = sigil.Reject
		}
		seen[hash] = true
		if l.rng.IntN(4) == 0 {
			key := l.rng.IntN(l.keys + 2)
			l.keys = max(l.keys, key+1)
			items[i].Idempotency = store.Idempotency{Key: fmt.Sprintf("%d-%d", key, i), Ends: l.now.Add(10 * time.Minute)}
		}
		l.ids = append(l.ids, m.Key)
	}
	if len(items) == 1 && len(l.ids) > 1 && l.rng.IntN(2) == 0 {
		l.correct(&items[0])
	}
	var quota store.Quota
	switch l.rng.IntN(6) {
	case 0:
		quota.Memories = 5 + l.rng.IntN(40)
	case 1:
		quota.Bytes = int64(50 + l.rng.IntN(500))
	}
	now := l.now
	return fmt.Sprintf("insert of %d under %+v", len(items), quota), func(ctx context.Context, s store.Store) given {
		inserted, err := s.Insert(ctx, tenant, cloned(items), quota, func(m sigil.Meta, reason string) sigil.Event {
			return sigil.Event{Time: now, Kind: sigil.Evicted, Reason: reason, Memory: m}
		})
		if errors.Is(err, sigil.ErrFull) && items[0].Correct != nil {
			err = uncorrected(ctx, s, &items[0], now, err)
		}
		refused := inserted.Refused(items)
		for at := range inserted.Duplicates {
			if refused && !items[at].OnDuplicate.Unique() {
				delete(inserted.Duplicates, at) // it may be missing
			}
		}
		return gave(err, len(inserted.Evicted), append([]sigil.Event{}, inserted.Evicted...), len(inserted.Answers), fmt.Sprint(inserted.Answers), refused, fmt.Sprint(inserted.Duplicates))
	}
}

// content returns one of a few hundred contents, so that many memories have the same one. Their frequencies are fewer still, so
// that patterns have members.
func (l *log) content() (sigil.Hash, []byte) {
	n := l.rng.IntN(400)
	data := fmt.Appendf(nil, `{"n":%d}`, n)
	hash := sigil.Hash(sha256.Sum256(data))
	binary.BigEndian.PutUint32(hash[:], uint32(n%40*25))
	return hash, data
}

// cloned returns a copy of items for one call, since a store may write into them.
func cloned(items []store.Item) []store.Item {
	items = slices.Clone(items)
	for i := range items {
		items[i].Events = slices.Clone(items[i].Events)
	}
	return items
}

// id returns an id made from the current time.
func (l *log) id() (id sigil.ID) {
	id = sigil.NewID(l.now)
	for i := 8; i < len(id); i++ {
		id[i] = byte(l.rng.Uint32())
	}
	id[6], id[7], id[8] = 0x70|byte(len(l.ids)>>8)&0x0f, byte(len(l.ids)), id[8]&0x3f|0x80
	return id
}

func (l *log) policy() sigil.Policy {
	if l.rng.IntN(2) == 0 {
		return sigil.DefaultClassic()
	}
	p, err := sigil.NewHalfLife(time.Duration(1+l.rng.IntN(5))*time.Hour, sigil.DefaultThreshold)
	if err != nil {
		panic(err)
	}
	return p
}

func (l *log) update(key sigil.Key) (string, func(context.Context, store.Store) given) {
	now, policy := l.now, l.policy()
	kind := []sigil.EventKind{"", "", sigil.Pinned, sigil.Unpinned}[l.rng.IntN(4)]
	return "update " + string(kind), func(ctx context.Context, s store.Store) given {
		m, err := s.Update(ctx, key, func(m *sigil.Meta) (*sigil.Event, error) {
			if m.Due(now) {
				return nil, sigil.NewNotFound()
			}
			if kind == "" {
				m.AccessCount++
				m.Touch(policy, now)
				return nil, nil
			}
			m.Pinned = kind == sigil.Pinned
			m.Touch(policy, now)
			return &sigil.Event{Time: now, Kind: kind, Reason: sigil.ReasonRequest, Memory: *m}, nil
		})
		return gave(err, m)
	}
}

func (l *log) remove(keys ...sigil.Key) (string, func(context.Context, store.Store) given) {
	now := l.now
	return "remove", func(ctx context.Context, s store.Store) given {
		events, err := s.Remove(ctx, keys, func(m sigil.Meta) (sigil.Event, bool) {
			return sigil.Event{Time: now, Kind: sigil.Forgotten, Reason: sigil.ReasonRequest, Memory: m}, !m.Due(now)
		})
		return gave(err, append([]sigil.Event{}, events...))
	}
}

func sweep(ctx context.Context, s store.Store, now time.Time) given {
	keys, err := s.Due(ctx, now, 1000)
	if err != nil {
		return gave(err)
	}
	slices.SortFunc(keys, func(a, b sigil.Key) int { return slices.Compare(a.ID[:], b.ID[:]) })
	events, err := s.Remove(ctx, keys, func(m sigil.Meta) (sigil.Event, bool) {
		return sigil.Event{Time: now, Kind: sigil.Faded, Reason: m.FadeReason(), Memory: m}, m.Due(now)
	})
	pruned, err2 := s.PruneAnswers(ctx, now, 1000)
	near, err3 := s.Unnoticed(ctx, now, now.Add(time.Hour), 1_000_000)
	slices.SortFunc(near, func(a, b sigil.Key) int { return slices.Compare(a.ID[:], b.ID[:]) })
	notices, err4 := s.Notice(ctx, near, func(m sigil.Meta) (sigil.Event, bool) {
		m.Noticed = true
		return sigil.Event{Time: now, Kind: sigil.Fading, Reason: m.FadeReason(), Memory: m}, m.AccessCount%3 != 1
	})
	return gave(err, append([]sigil.Key{}, keys...), append([]sigil.Event{}, events...), pruned, err2,
		append([]sigil.Key{}, near...), err3, append([]sigil.Event{}, notices...), err4)
}

func crystallize(ctx context.Context, s store.Store, tenant string, now time.Time) given {
	var seen []any
	err := s.Crystallize(ctx, tenant, now, func(p sigil.Pattern, old *sigil.Crystal) (*sigil.Crystal, *sigil.Event) {
		seen = append(seen, p)
		c := sigil.Crystal{
			Tenant: tenant, Kind: sigil.CrystalOfPattern, Pattern: p.Group, Members: p.Members, CreatedAt: now, UpdatedAt: now,
			Stability: p.Potential, Frequency: p.Frequency,
		}
		switch {
		case old != nil:
			seen = append(seen, *old)
			c.CreatedAt = old.CreatedAt
			return &c, nil
		case p.Members >= sigil.MinPatternMembers && p.Potential > 0.5:
			return &c, &sigil.Event{Time: now, Kind: sigil.Crystallized, Reason: sigil.ReasonPotential, Crystal: &c, Memory: sigil.Meta{Key: sigil.Key{Tenant: tenant}}}
		}
		return nil, nil
	})
	crystals, err2 := s.Crystals(ctx, tenant)
	return gave(err, seen, append([]sigil.Crystal{}, crystals...), err2)
}
