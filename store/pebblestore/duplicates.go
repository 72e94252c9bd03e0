package pebblestore

import (
	"errors"
	"slices"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
)

// errTaken refuses a change with a unique item: since its caller looked, a memory that may have the content was stored, or
// is about to be in the same group. The caller looks again.
var errTaken = errors.New("pebblestore: a content may be stored by now")

// sought are the contents of the items of an insert, and their duplicates.
type sought struct {
	found  map[int]sigil.ID // the duplicates, by index of the item
	unique []index.Content  // the contents of the unique items
}

// seek returns the duplicates of items, of tenant name.
func (s *Store) seek(name string, items []store.Item) (all sought, err error) {
	add := func(i int, id sigil.ID) {
		if all.found == nil {
			all.found = map[int]sigil.ID{}
		}
		all.found[i] = id
	}
	var earlier map[sigil.Hash]sigil.ID // by content, the first item that has it
	if len(items) > 1 {
		earlier = make(map[sigil.Hash]sigil.ID, len(items))
	}
	for i := range items {
		m := &items[i].Memory
		content := index.ContentOf(m, items[i].Live())
		var id sigil.ID
		found := false
		if s.index.MayHave(name, content) { // mostly it has not, and nothing is allocated
			if id, found, content.Except, err = s.oldest(name, m, content); err != nil {
				return all, err
			}
		}
		if earlier != nil {
			if first, there := earlier[m.Hash]; !there {
				earlier[m.Hash] = m.ID
			} else if !found {
				id, found = first, true
			}
		}
		if found {
			add(i, id)
		}
		if items[i].OnDuplicate.Unique() {
			all.unique = append(all.unique, content)
		}
	}
	return all, nil
}

// oldest returns the live memory with the content of m that has the lowest id, and those that prove to have another content.
func (s *Store) oldest(name string, m *sigil.Memory, content index.Content) (_ sigil.ID, found bool, except []sigil.ID, err error) {
	for {
		id, ok := s.index.Oldest(name, &content)
		if !ok {
			return id, false, content.Except, nil
		}
		key := sigil.Key{Tenant: name, ID: id}
		kept, _, err := s.content(key)
		switch {
		case err != nil:
			return id, false, nil, err
		case kept.record == nil:
			lock := s.keys.One(key) // it is being removed: see List
			_, there := s.index.Meta(key)
			lock.Unlock()
			if there {
				return id, false, nil, s.reading(record.ErrDamaged)
			}
		case slices.Equal(kept.record[:len(m.Hash)], m.Hash[:]):
			return id, true, content.Except, nil
		default:
			content.Except = append(content.Except, id)
		}
	}
}

// arrivals are the contents that the changes of a group store. Only the committer uses it.
type arrivals struct {
	changes  int // so many changes of the group have been looked at
	contents map[arrival]struct{}
}

type arrival struct {
	tenant    string
	frequency uint16
	hash      uint32
}

func (a *arrivals) clear() {
	a.changes = 0
	clear(a.contents)
}

// look adds the contents of all.
func (a *arrivals) look(all []*change) {
	if a.contents == nil {
		a.contents = map[arrival]struct{}{}
	}
	for ; a.changes < len(all); a.changes++ {
		ch := all[a.changes]
		if ch.err != nil {
			continue
		}
		for i := range ch.effect.Entries {
			c := ch.effect.Entries[i].Content()
			a.contents[arrival{ch.effect.Tenant, c.Frequency, c.Hash}] = struct{}{}
		}
	}
}

// taken reports whether one of the contents that a change must be alone with may be stored, or be about to be by one of the
// changes before it in its group.
func (c *committer) taken(ch *change, before []*change) bool {
	if len(ch.unique) == 0 {
		return false
	}
	c.arrivals.look(before)
	return slices.ContainsFunc(ch.unique, func(content index.Content) bool {
		if _, ok := c.arrivals.contents[arrival{ch.effect.Tenant, content.Frequency, content.Hash}]; ok {
			return true
		}
		_, ok := c.s.index.Oldest(ch.effect.Tenant, &content)
		return ok
	})
}
