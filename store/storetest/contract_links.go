package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

var linkIdeas = []idea{
	{"the chain begins with a link of zeros", func(f *fixture) {
		f.linked(0, sigil.Hash{})
		_, err := f.insertItems(store.Item{Memory: f.memory()})
		f.ok("Insert", err)
		f.linked(0, sigil.Hash{}) // nothing was journaled
	}},
	{"each commit has a link that covers its entries and the link before", func(f *fixture) {
		c := f.chain()
		a := f.encode(tenant("a"))
		c.follow("an encode", 1)
		b := f.encode(tenant("b"))
		c.follow("an encode of another tenant", 1)
		f.insert(f.memory(tenant("a")), f.memory(tenant("a")), f.memory(tenant("a")))
		c.follow("an encode of many", 3)
		_, err := f.Update(f.ctx(), a.Key, func(m *sigil.Meta) (*sigil.Event, error) {
			m.Pinned = true
			m.Reschedule()
			return &sigil.Event{Time: start, Kind: sigil.Pinned, Reason: sigil.ReasonRequest, Memory: *m}, nil
		})
		f.ok("Update", err)
		c.follow("a pin", 1)
		_, err = f.recall(b.Key, start)
		f.ok("recall", err)
		c.follow("a recall", 0)
		_, err = f.tryInsert(store.Quota{Memories: 3}, f.memory(tenant("a")))
		f.ok("Insert", err)
		c.follow("an eviction with an encode", 3)
		f.forget(b.Key, a.Key)
		c.follow("removals of two tenants", 2)
		f.encode(tenant("d"), frequency(398), potential(0.95))
		c.follow("an encode", 1)
		f.crystallize("d", start)
		c.follow("a crystal", 1)
		s := f.sign()
		c.follow("a signature", 1)
		f.revoke(s, "a reason", start)
		c.follow("a revocation", 1)
		m := f.encode(tenant("a"))
		c.follow("an encode", 1)
		_, err = f.Amend(f.ctx(), store.Amendment{Key: m.Key, At: start}, func(m *sigil.Memory) (*sigil.Event, error) {
			m.Tags = []string{"new"}
			return &sigil.Event{Time: start, Kind: sigil.Tagged, Reason: sigil.ReasonRequest, Memory: m.Meta}, nil
		})
		f.ok("Amend", err)
		c.follow("tags", 1)
		f.verify()
	}},
	{"a commit of many blocks has one link", func(f *fixture) {
		c := f.chain()
		items := make([]store.Item, 2_000)
		for i := range items {
			items[i] = item(f.memory(tenant("a")))
		}
		_, err := f.insertItems(items...)
		f.ok("Insert", err)
		c.follow("an encode of many", len(items))
		f.verify()
	}},
	{"the hash of an entry is that of its tenant and its record", func(f *fixture) {
		m := f.encode(tenant("a"))
		e := f.forget(m.Key)[0]
		// The records of both as docs/format.md has them, under the store's first policy.
		figures := binary.BigEndian.AppendUint16([]byte{4}, uint16(m.Frequency))
		figures = append(figures, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0, 0) // the potential is 0.5; no recalls
		figures = binary.AppendUvarint(figures, uint64(m.Size))
		figures = binary.AppendVarint(figures, m.CreatedAt.UnixMilli())
		figures = binary.AppendVarint(append(figures, 0), m.FadesAt.Sub(m.CreatedAt).Milliseconds())
		figures = append(figures, 0, 0)
		hash := func(kind byte, at time.Time) sigil.Hash {
			entry := binary.AppendVarint([]byte{kind, 0, 1}, at.UnixMilli())
			entry = append(append(entry, m.ID[:]...), figures...)
			return sha256.Sum256(append([]byte("a\x00"), entry...))
		}
		equal(f.t, "forgotten", e.Hash, hash(4, start))
		var got []sigil.Hash
		for _, e := range f.events("a") {
			got = append(got, e.Hash)
		}
		equal(f.t, "journal", got, []sigil.Hash{hash(0, m.CreatedAt), hash(4, start)})
	}},
	{"the entry of any tenant has its hash at its position", func(f *fixture) {
		for _, name := range []string{"b", "a", "c", "a", "b"} {
			f.encode(tenant(name))
		}
		f.insert(f.memory(tenant("a")), f.memory(tenant("a")))
		n := 0
		for _, name := range []string{"a", "b", "c"} {
			for _, e := range f.events(name) {
				got, err := f.EntryHash(f.ctx(), e.Position)
				f.ok("EntryHash", err)
				equal(f.t, "hash", got, e.Hash)
				n++
			}
		}
		equal(f.t, "entries", n, 7)
		for _, position := range []uint64{8, 1 << 63, 1<<64 - 1} {
			fails(f.t, "ahead", second(f.EntryHash(f.ctx(), position)), sigil.ErrGone, "position_ahead")
		}
		fails(f.t, "0", second(f.EntryHash(f.ctx(), 0)), sigil.ErrGone, "position_gone")
		_, err := f.Trim(f.ctx(), time.Time{}, 3)
		f.ok("Trim", err)
		fails(f.t, "trimmed", second(f.EntryHash(f.ctx(), 4)), sigil.ErrGone, "position_gone")
		_, err = f.EntryHash(f.ctx(), 5)
		f.ok("the first that is left", err)
	}},
	{"a trim changes no link", func(f *fixture) {
		for range 3 {
			f.insert(f.memory(tenant("a")), f.memory(tenant("a")))
			f.forget(f.encode(tenant("b")).Key)
		}
		c := f.chain()
		for keep := uint64(11); keep > 0; keep-- { // between two commits, and within one
			_, err := f.Trim(f.ctx(), time.Time{}, keep)
			f.ok("Trim", err)
			c.follow("a trim", 0)
			f.verify()
		}
		_, err := f.Trim(f.ctx(), start.Add(time.Hour), 0)
		f.ok("Trim of all", err)
		c.follow("a trim of all", 0)
		f.verify()
		f.insert(f.memory(), f.memory())
		c.follow("an encode", 2)
		f.verify()
	}},
	{"concurrent writers make one chain", func(f *fixture) {
		const writers, each = 8, 20
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				for range each {
					m := f.memory(tenant([]string{"a", "b", "c"}[i%3]))
					if _, err := f.tryInsert(store.Quota{}, m); err != nil {
						f.t.Errorf("Insert: %v", err)
					}
					covered, _, err := f.Link(f.ctx())
					if err != nil {
						f.t.Errorf("Link: %v", err)
					}
					events, err := f.Remove(f.ctx(), []sigil.Key{m.Key}, forgotten(start))
					if err != nil || len(events) != 1 || events[0].Position <= covered {
						f.t.Errorf("Remove, after a link at %d: %v, %v", covered, events, err)
					}
				}
			})
		}
		wg.Wait()
		position, _, err := f.Link(f.ctx())
		f.ok("Link", err)
		equal(f.t, "position", position, 2*writers*each)
		f.verify()
	}},
}

// follower computes the links of a store in another way, one commit after the other.
type follower struct {
	f        *fixture
	position uint64
	link     sigil.Hash
}

// chain returns a follower that begins at the newest link.
func (f *fixture) chain() *follower {
	f.t.Helper()
	position, link, err := f.Link(f.ctx())
	f.ok("Link", err)
	return &follower{f, position, link}
}

// follow asserts that the store has one more link, which covers n more entries, or none if n is 0.
func (c *follower) follow(what string, n int) {
	c.f.t.Helper()
	if n > 0 {
		var hashes []sigil.Hash
		for range n {
			c.position++
			hash, err := c.f.EntryHash(c.f.ctx(), c.position)
			c.f.ok(what+": EntryHash", err)
			hashes = append(hashes, hash)
		}
		c.link = linkOf(c.link, c.position, hashes...)
	}
	c.f.linked(c.position, c.link)
	_, newest, err := c.f.JournalBounds(c.f.ctx())
	c.f.ok("JournalBounds", err)
	equal(c.f.t, what+": newest position", newest, c.position)
}

func linkOf(before sigil.Hash, position uint64, hashes ...sigil.Hash) sigil.Hash {
	b := binary.BigEndian.AppendUint64(before[:], position)
	for _, hash := range hashes {
		b = append(b, hash[:]...)
	}
	return sha256.Sum256(b)
}

// linked asserts which link is the newest one.
func (f *fixture) linked(position uint64, link sigil.Hash) {
	f.t.Helper()
	at, got, err := f.Link(f.ctx())
	f.ok("Link", err)
	equal(f.t, "position of the link", at, position)
	equal(f.t, "link", got, link)
}

// verify has the store verify itself, if it can.
func (f *fixture) verify() {
	f.t.Helper()
	if v, ok := f.Store.(interface{ Verify(context.Context) error }); ok {
		f.ok("Verify", v.Verify(f.ctx()))
	}
}

// unhashed returns copies of events without their hashes.
func unhashed(events []sigil.Event) []sigil.Event {
	events = slices.Clone(events)
	for i := range events {
		events[i].Hash = sigil.Hash{}
	}
	return events
}
