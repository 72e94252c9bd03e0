package pgstore

import (
	"context"
	"encoding/binary"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/audit"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// checkPart is the number of memories of a tenant that are compared with the journal at a time: some 50 MB. A tenant that has more
// has its journal read once for each part.
const checkPart = 1 << 17

// countedBlock is a block of the journal, and how many entries its row says that it has.
type countedBlock struct {
	tenantBlock
	entries int32
}

func scanCountedBlock(rows pgx.Rows) (b countedBlock, err error) {
	err = rows.Scan(&b.tenant, &b.last, &b.base, &b.value, &b.entries)
	return b, err
}

// tenants compares the memories, crystals and signatures of each tenant with its journal.
func (c *checker) tenants(ctx context.Context) error {
	type tenant struct {
		name string
		rows int64
	}
	var all []tenant
	err := c.page(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return each(ctx, conn, func(rows pgx.Rows) (t tenant, err error) {
			err = rows.Scan(&t.name, &t.rows)
			return t, err
		}, func(t tenant) { all = append(all, t) }, `select tenant, sum(n)::bigint from (
  select tenant, count(*) as n from sigil.memories group by tenant
  union all select tenant, count(*) from sigil.removals group by tenant
  union all select distinct tenant, 0 from sigil.journal
  union all select distinct tenant, 0 from sigil.crystals
  union all select distinct tenant, 0 from sigil.signatures
) t group by tenant order by tenant`)
	})
	for _, t := range all {
		parts := max(1, int((t.rows+int64(c.part)-1)/int64(c.part)))
		for part := range min(parts, 1<<16) {
			if err == nil {
				err = c.tenant(ctx, t.name, part, parts)
			}
		}
	}
	c.patterns.End(c.found.Trimmed > 0, &c.found)
	return err
}

// replay derives from the journal what a tenant has: a part of its memories, and with the first part also its crystals and
// signatures.
type replay struct {
	*checker
	tenant      string
	part, parts int
	memories    map[sigil.ID]sigil.Meta
	// removals has the positions of the entries that removed what is kept of removed memories, until the entry is read.
	removals map[sigil.ID]uint64
	// signatures and revoked are what the journal records of signatures.
	signatures map[sigil.ID]sigil.SignatureRef
	revoked    map[sigil.ID]bool
}

func (c *checker) tenant(ctx context.Context, name string, part, parts int) error {
	r := replay{
		checker: c, tenant: name, part: part, parts: parts, memories: map[sigil.ID]sigil.Meta{}, removals: map[sigil.ID]uint64{},
		signatures: map[sigil.ID]sigil.SignatureRef{}, revoked: map[sigil.ID]bool{},
	}
	steps := []func(context.Context) error{r.readRemovals, r.readJournal, r.compareMemories}
	if part == 0 {
		steps = append(steps, r.compareSignatures)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	for id := range r.removals {
		c.found.Add(store.CheckRemoved, "%s/%s was removed, but the journal has no entry about that at its position", name, id)
	}
	if part == 0 {
		for group, journaled := range c.crystals[name] {
			if !journaled && c.found.Trimmed == 0 {
				c.found.Add(store.CheckCrystals, "crystal pattern-%d of %s exists, but the journal has no entry about it", group, name)
			}
		}
		delete(c.crystals, name)
	}
	return nil
}

// has reports whether an id is in the part. Ids end at random.
func (r *replay) has(id sigil.ID) bool {
	return int(binary.BigEndian.Uint16(id[len(id)-2:]))%r.parts == r.part
}

func (r *replay) readRemovals(ctx context.Context) error {
	var last sigil.ID
	return r.walk(func() (n int, err error) {
		type removal struct {
			id       sigil.ID
			position int64
		}
		err = r.page(ctx, func(ctx context.Context, conn *pgx.Conn) error {
			return each(ctx, conn, func(rows pgx.Rows) (one removal, err error) {
				err = rows.Scan((*[16]byte)(&one.id), &one.position)
				return one, err
			}, func(one removal) {
				n++
				if last = one.id; r.has(one.id) && uint64(one.position) > r.found.Trimmed {
					r.removals[one.id] = uint64(one.position)
				}
			}, "select id, position from sigil.removals where tenant = $1 and id > $2 order by id limit $3", r.tenant, [16]byte(last), r.rows)
		})
		return n, err
	})
}

func (r *replay) readJournal(ctx context.Context) error {
	last := int64(0)
	return r.walk(func() (n int, err error) {
		err = r.page(ctx, func(ctx context.Context, conn *pgx.Conn) error {
			return each(ctx, conn, scanTenantBlock, func(b tenantBlock) {
				n, last = n+1, b.last
				r.block(&b, r.s.policyOf(ctx))
			}, "select tenant, last, base, block from sigil.journal where tenant = $1 and last > $2 order by last limit $3", r.tenant, last, r.rows)
		})
		return n, err
	})
}

func (r *replay) block(b *tenantBlock, policies record.Policies) {
	events, err := record.ReadBlock(nil, b.value, b.tenant, uint64(b.base), 0, uint64(b.last), len(b.value), policies)
	if err != nil && r.part == 0 {
		r.found.Add(store.CheckJournal, "block %d of %s cannot be read", b.last, b.tenant)
	}
	if uint64(b.last) > r.found.Position && r.part == 0 {
		r.found.Add(store.CheckJournal, "block %d of %s: the newest position should be %d", b.last, b.tenant, r.found.Position)
	}
	for i := range events {
		if e := &events[i]; e.Position > r.found.Trimmed {
			r.event(e)
		}
	}
}

func (r *replay) event(e *sigil.Event) {
	if r.part == 0 {
		r.patterns.Event(e)
		switch {
		case e.Signature != nil:
			r.signature(e)
		case e.Crystal != nil && e.Memory.Policy == nil:
			r.crystal(e.Crystal.Pattern)
		}
	}
	id := e.Memory.ID
	if e.Signature != nil || !r.has(id) {
		return
	}
	switch {
	case e.Kind.Removes():
		if _, ok := r.memories[id]; !ok && r.found.Trimmed == 0 && e.Kind != sigil.Erased { // the entries about what was erased are gone
			r.found.Add(store.CheckJournal, "position %d: %s ends a memory that does not exist", e.Position, e.Kind)
		}
		delete(r.memories, id)
		if r.removals[id] == e.Position {
			delete(r.removals, id)
		}
	case e.Memory.Policy != nil:
		r.memories[id] = e.Memory
	}
}

// crystal notes that the journal has an entry about the crystal of a pattern.
func (r *replay) crystal(group int) {
	if r.crystals[r.tenant] == nil {
		r.crystals[r.tenant] = map[int]bool{}
	}
	if _, there := r.crystals[r.tenant][group]; !there {
		r.found.Add(store.CheckCrystals, "crystal pattern-%d of %s is missing, but exists according to the journal", group, r.tenant)
	}
	r.crystals[r.tenant][group] = true
}

// compareMemories compares the result of the replay with the rows.
func (r *replay) compareMemories(ctx context.Context) error {
	var last sigil.ID
	err := r.walk(func() (n int, err error) {
		err = r.page(ctx, func(ctx context.Context, conn *pgx.Conn) error {
			return each(ctx, conn, scanMeta, func(m row) {
				if n, last = n+1, m.ID; !r.has(m.ID) {
					return
				}
				r.found.Memories++
				r.found.Bytes += int64(m.Size)
				r.memory(&m, r.s.policies.get(m.policy))
			}, "select "+metaColumns+" from sigil.memories where tenant = $1 and id > $2 order by id limit $3", r.tenant, [16]byte(last), r.rows)
		})
		return n, err
	})
	for id := range r.memories {
		r.found.Add(store.CheckJournal, "%s/%s is missing, but exists according to the journal", r.tenant, id)
	}
	return err
}

func (r *replay) memory(m *row, policy sigil.Policy) {
	was, ok := r.memories[m.ID]
	delete(r.memories, m.ID)
	if m.Policy = policy; policy == nil {
		r.found.Add(store.CheckPolicies, "%s has the policy with number %d, which is missing", m.Key, m.policy)
		return
	}
	r.patterns.Member(&m.Meta)
	switch {
	case !ok && r.found.Trimmed > 0: // it may be older than the rest of the journal
	case !ok:
		r.found.Add(store.CheckJournal, "%s exists, but is gone according to the journal", m.Key)
	default:
		if wrong := audit.Follows(m.Meta, was); wrong != "" {
			r.found.Add(store.CheckJournal, "%s %s", m.Key, wrong)
		}
	}
}
