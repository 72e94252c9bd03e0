package pgstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
)

// errTaken means that a unique item has a duplicate, which its caller did not find: it looks again.
var errTaken = errors.New("pgstore: a content is stored by now")

const (
	// findDuplicates returns the memories that have the contents of items: of each content that with the lowest id.
	findDuplicates = `select n.at, m.id from unnest($1::integer[], $2::text[], $3::bytea[], $4::timestamptz[]) as n (at, tenant, hash, created)
cross join lateral (
  select id from sigil.memories m where m.tenant = n.tenant and substr(m.hash, 1, 8) = substr(n.hash, 1, 8) and m.hash = n.hash and m.fades_at > n.created
  order by m.id limit 1
) m`

	// lockContents has the inserts of unique items with one content take turns. The keys are sorted, so that no two of them
	// wait for each other.
	lockContents = "select pg_advisory_xact_lock(key) from unnest($1::bigint[]) as key"

	// demandUnique fails if findDuplicates would find something. It runs after lockContents, in a statement of its own,
	// which sees what was committed until then.
	demandUnique = "select sigil.demand(not exists (" + findDuplicates + "), '" + taken + "', 'a content is stored already')"
)

// contents are the contents of items, column by column.
type contents struct {
	at, tenants, hashes, created array
	keys                         []int64 // of locks
}

func (c *contents) add(at int, m *memory) {
	c.at.int32(at)
	c.tenants.text(m.Tenant)
	c.hashes.bytes(m.Hash[:])
	c.created.time(m.at)
}

// lock adds the key of the lock on a content.
func (c *contents) lock(m *sigil.Memory) {
	tenant := sha256.Sum256([]byte(m.Tenant))
	c.keys = append(c.keys, int64(binary.BigEndian.Uint64(tenant[:8])^binary.BigEndian.Uint64(m.Hash[:8])))
}

// args returns the arguments of findDuplicates.
func (c *contents) args() []any {
	return []any{raw(c.at.of(oidInt4)), raw(c.tenants.of(oidText)), raw(c.hashes.of(oidBytes)), raw(c.created.of(oidTime))}
}

// uniqueOf returns the contents of the unique items of calls. The keys of their locks are sorted, each once.
func uniqueOf(calls []*insert) *contents {
	var c contents
	for _, call := range calls {
		for i := range call.memories {
			if call.memories[i].unique {
				c.add(i, &call.memories[i])
				c.lock(call.memories[i].Memory)
			}
		}
	}
	slices.Sort(c.keys)
	c.keys = slices.Compact(c.keys)
	return &c
}

// queueUnique queues the statements that fail with taken unless the contents are free. They must be the first of their
// transaction: all transactions take these locks before all others. If locked is set, it has them already.
func (c *contents) queueUnique(w *writes, locked bool) {
	if len(c.keys) == 0 {
		return
	}
	if !locked {
		w.add(lockContents, c.keys)
	}
	w.add(demandUnique, c.args()...)
}

// queueDuplicates queues the statement that looks for the duplicates of the items of calls that have not been looked for.
// It must be queued before the items are.
func queueDuplicates(w *writes, calls []*insert) {
	var c contents
	var of []*insert
	var at []int
	for _, call := range calls {
		if call.looked {
			continue
		}
		for i := range call.memories {
			c.add(len(of), &call.memories[i])
			of, at = append(of, call), append(at, i)
		}
	}
	if len(of) == 0 {
		return
	}
	*w = append(*w, statement{sql: findDuplicates, args: c.args(), rows: func(rows [][][]byte) {
		for _, call := range of {
			call.duplicates = nil // of an attempt that was aborted
		}
		for _, r := range rows {
			n := binary.BigEndian.Uint32(r[0])
			of[n].found(at[n], sigil.ID(r[1]))
		}
	}})
}

func (i *insert) found(at int, id sigil.ID) {
	if i.duplicates == nil {
		i.duplicates = map[int]sigil.ID{}
	}
	i.duplicates[at] = id
}

// addEarlier adds to the duplicates of call those of its items that have the content of an earlier one, unless a memory
// that was stored before has it.
func (i *insert) addEarlier() {
	if len(i.memories) < 2 {
		return
	}
	first := make(map[sigil.Hash]sigil.ID, len(i.memories))
	for at := range i.memories {
		m := i.memories[at].Memory
		id, there := first[m.Hash]
		if !there {
			first[m.Hash] = m.ID
		} else if _, known := i.duplicates[at]; !known {
			i.found(at, id)
		}
	}
}

// look finds the duplicates of call before it is sent to the writers: its answers have them, or they keep it from being
// stored.
func (s *Store) look(ctx context.Context, call *insert) error {
	call.looked, call.duplicates = true, nil
	var c contents
	for i := range call.memories {
		c.add(i, &call.memories[i])
	}
	var w writes
	w = append(w, statement{sql: findDuplicates, args: c.args(), rows: func(rows [][][]byte) {
		call.duplicates = nil
		for _, r := range rows {
			call.found(int(binary.BigEndian.Uint32(r[0])), sigil.ID(r[1]))
		}
	}})
	if err := s.transact(ctx, func(t *tx) error { return t.commit(ctx, w) }); err != nil {
		return err
	}
	call.addEarlier()
	return nil
}

// apart returns the calls that can be in one transaction, and those with a unique item whose content an earlier call has.
func apart(calls []*insert) (together, later []*insert) {
	if !slices.ContainsFunc(calls, func(c *insert) bool { return c.unique }) {
		return calls, nil
	}
	type content struct {
		tenant string
		hash   sigil.Hash
	}
	seen := map[content]bool{}
	for _, call := range calls {
		clash := slices.ContainsFunc(call.memories, func(m memory) bool { return m.unique && seen[content{call.tenant, m.Hash}] })
		if clash {
			later = append(later, call)
			continue
		}
		together = append(together, call)
		for i := range call.memories {
			seen[content{call.tenant, call.memories[i].Hash}] = true
		}
	}
	return together, later
}

// lockFirst takes the locks of the unique items of call, in a transaction that has done nothing else.
func lockFirst(ctx context.Context, t *tx, c *contents) error {
	if len(c.keys) == 0 {
		return nil
	}
	b := &pgx.Batch{}
	b.Queue(lockContents, c.keys)
	return t.send(ctx, b)
}
