package pgstore

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/audit"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// head reads how far the journal goes, and checks the tables that have a row or a few.
func (c *checker) head(ctx context.Context) error {
	return c.page(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		var link []byte
		if err := conn.QueryRow(ctx, "select store, position, trimmed, link from sigil.head").Scan((*[16]byte)(&c.found.Store), &c.found.Position, &c.found.Trimmed, &link); err != nil {
			return err
		}
		copy(c.newest[:], link)
		if err := c.s.policies.load(ctx, c.hold); err != nil { // a daemon may have added one before the snapshot
			return err
		}
		if err := each(ctx, conn, scanOne[int64], func(position int64) {
			c.found.Add(store.CheckChain, "there is a link at position %d, and the newest position is %d", position, c.found.Position)
		}, "select position from sigil.links where position > (select position from sigil.head) order by position limit 1"); err != nil {
			return err
		}
		if err := each(ctx, conn, scanOne[string], c.add(store.CheckPolicies, "the policy of tenant %s cannot be read"),
			"select tenant from sigil.tenant_policies where policy <> '' and not policy = any ($1::text[]) order by tenant", c.known(ctx, conn)); err != nil {
			return err
		}
		if err := each(ctx, conn, scanOne[string], c.add(store.CheckPolicies, "the clock of tenant %s cannot be read"),
			"select tenant from sigil.tenant_clocks where stood < 0 or stood > $1 order by tenant", int64(store.MaxStood/time.Second)); err != nil {
			return err
		}
		return each(ctx, conn, scanOne[[]byte], func(seed []byte) {
			if len(seed) != ed25519.SeedSize {
				c.found.Add(store.CheckReceipts, "the key that signs receipts cannot be read")
			}
		}, "select seed from sigil.signer")
	})
}

// known returns the policies of tenants that can be read, as they are stored.
func (c *checker) known(ctx context.Context, conn *pgx.Conn) []string {
	known := []string{}
	_ = each(ctx, conn, scanOne[string], func(text string) { // its caller's next query fails like this one
		if _, err := record.ParsePolicy(text); err == nil {
			known = append(known, text)
		}
	}, "select distinct policy from sigil.tenant_policies where policy <> ''")
	return known
}

// readCrystals reads the crystals before everything that they are compared with. There are few of a tenant.
func (c *checker) readCrystals(ctx context.Context) error {
	c.crystals = map[string]map[int]bool{}
	return c.page(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return each(ctx, conn, func(rows pgx.Rows) (crystal sigil.Crystal, err error) {
			crystal.Kind = sigil.CrystalOfPattern
			err = rows.Scan(&crystal.Tenant, &crystal.Pattern, &crystal.Members, &crystal.CreatedAt, &crystal.UpdatedAt, &crystal.Stability, &crystal.Frequency)
			return crystal, err
		}, func(crystal sigil.Crystal) {
			c.found.Crystals++
			if c.crystals[crystal.Tenant] == nil {
				c.crystals[crystal.Tenant] = map[int]bool{}
			}
			c.crystals[crystal.Tenant][crystal.Pattern] = false
			if c.values {
				c.patterns.Add(&crystal, &c.found)
			}
		}, "select tenant, pattern, members, created_at, updated_at, stability, frequency from sigil.crystals")
	})
}

// some are queries that return the keys of what is wrong.
type some struct {
	check  store.Check
	format string
	sql    string
}

func (c *checker) all(ctx context.Context, conn *pgx.Conn, queries []some) error {
	for _, q := range queries {
		if err := each(ctx, conn, scanOne[string], c.add(q.check, q.format), q.sql); err != nil {
			return err
		}
	}
	return nil
}

// removed checks what is kept of removed memories.
func (c *checker) removed(ctx context.Context) error {
	err := c.page(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return c.all(ctx, conn, []some{
			{store.CheckRemoved, "how %s was removed is not kept", `select tenant || '/' || id from sigil.removed m where not exists (select from sigil.removals r where r.tenant = m.tenant and r.id = m.id)`},
			{store.CheckRemoved, "%s was removed, and is kept without content", `select tenant || '/' || id from sigil.removals r where not exists (select from sigil.removed m where r.tenant = m.tenant and r.id = m.id)`},
			{store.CheckRemoved, "%s exists, and is kept as removed", `select tenant || '/' || id from sigil.removals join sigil.memories using (tenant, id)`},
			{store.CheckRemoved, "%s was removed, and is kept with another size", `select tenant || '/' || id from sigil.removals r join sigil.removed m using (tenant, id) where r.size <> m.size`},
			{store.CheckVectors, "the vector kept of %s is damaged", `select tenant || '/' || id from sigil.removed where length(codes) <> length(signs) or (codes is null) <> (signs is null)`},
		})
	})
	if err != nil || !c.values {
		return err
	}
	last := sigil.Key{}
	return c.walk(func() (n int, err error) {
		err = c.page(ctx, func(ctx context.Context, conn *pgx.Conn) error {
			n, last, err = c.contents(ctx, conn, func(rows pgx.Rows) (row, error) {
				c.found.Removed++
				return scanMemory(rows)
			}, nil, "select "+memoryColumns+" from sigil.removed where (tenant, id) > ($1, $2) order by tenant, id limit $3", last)
			return err
		})
		return n, err
	})
}

// contents checks a page of contents after a key, and returns how many there are, and the last key.
func (c *checker) contents(ctx context.Context, conn *pgx.Conn, read func(pgx.Rows) (row, error), also func(*row), sql string, last sigil.Key) (n int, _ sigil.Key, err error) {
	rows, err := conn.Query(ctx, sql, last.Tenant, [16]byte(last.ID), c.rows)
	if err != nil {
		return 0, last, err
	}
	defer rows.Close()
	for rows.Next() {
		m, err := read(rows)
		if rows.Err() != nil {
			break
		}
		n, last = n+1, m.Key
		if err != nil {
			c.found.Add(store.CheckContent, "%s: its state or its tags cannot be read", m.Key)
			continue
		}
		if m.Policy = c.s.policies.get(m.policy); m.Policy == nil {
			if m.Policy, err = c.s.policies.find(ctx, c.hold, m.policy); err != nil { // a daemon may have added it
				return n, last, err
			}
		}
		if m.Policy == nil {
			if also == nil { // replay reports it of memories that are there
				c.found.Add(store.CheckPolicies, "%s has the policy with number %d, which is missing", m.Key, m.policy)
			}
			continue
		}
		if before := c.found.Found[store.CheckContent]; c.values {
			if audit.Memory(&m.Memory, &c.found); c.found.Found[store.CheckContent] > before {
				continue // nothing follows from it
			}
		}
		if also != nil {
			also(&m)
		}
	}
	return n, last, rows.Err()
}

// corrections checks the links between memories and those that they supersede.
func (c *checker) corrections(ctx context.Context) error {
	return c.page(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return c.all(ctx, conn, []some{
			{store.CheckCorrections, "%s supersedes a memory that was not corrected by it", `select v.tenant || '/' || v.id
from (select tenant, id, supersedes from sigil.memories union all select tenant, id, supersedes from sigil.removed) v
where v.supersedes is not null and not exists (
  select from sigil.removals r where r.tenant = v.tenant and r.id = v.supersedes and r.superseded_by = v.id and r.kind = 'corrected')`},
			{store.CheckCorrections, "%s was corrected by a memory that does not supersede it", `select r.tenant || '/' || r.id from sigil.removals r
where (r.superseded_by is not null or r.kind = 'corrected')
and not exists (select from sigil.memories m where m.tenant = r.tenant and m.id = r.superseded_by and m.supersedes = r.id)
and not exists (select from sigil.removed m where m.tenant = r.tenant and m.id = r.superseded_by and m.supersedes = r.id)`},
		})
	})
}

// keptAnswer is a row of answers.
type keptAnswer struct {
	tenant, key string
	ends        time.Time
	record      []byte
}

// answers checks answers under idempotency keys, and makes the column that finds those that have ended from them.
func (c *checker) answers(ctx context.Context) error {
	last := keptAnswer{}
	return c.walk(func() (n int, err error) {
		var wrong []keptAnswer
		err = c.page(ctx, func(ctx context.Context, conn *pgx.Conn) error {
			return each(ctx, conn, func(rows pgx.Rows) (a keptAnswer, err error) {
				err = rows.Scan(&a.tenant, &a.key, &a.ends, &a.record)
				return a, err
			}, func(a keptAnswer) {
				n, last = n+1, a
				c.found.Answers++
				r := record.NewReader(a.record)
				_, ends := r.Answer(a.tenant, c.s.policyOf(ctx))
				if r.End() != nil {
					c.found.Add(store.CheckAnswers, "an answer of %s cannot be read", a.tenant)
				} else if !ends.Equal(a.ends) {
					c.found.Add(store.CheckIndexes, "an answer of %s would be dropped at another time than it ends", a.tenant)
					a.ends = ends
					wrong = append(wrong, a)
				}
			}, "select tenant, key, ends, answer from sigil.answers where (tenant, key) > ($1, $2) order by tenant, key limit $3", last.tenant, last.key, c.rows)
		})
		for i := range wrong {
			if err == nil && c.mend {
				err = c.mendAnswer(ctx, &wrong[i])
			}
		}
		return n, err
	})
}

func (c *checker) mendAnswer(ctx context.Context, a *keptAnswer) error {
	bounded, cancel := c.s.bounded(ctx)
	defer cancel()
	tag, err := c.s.pool.Exec(bounded, "update sigil.answers set ends = $3 where tenant = $1 and key = $2 and answer = $4", a.tenant, a.key, a.ends, a.record)
	c.found.Mended(store.CheckIndexes, int(tag.RowsAffected()))
	return err
}

// counted are the counts in a tenant's row, and what they count.
var counted = []struct{ column, sum, from string }{
	{"memories", "count(*)", "memories"},
	{"bytes", "coalesce(sum(size), 0)", "memories"},
	{"signatures", "count(*)", "signatures"},
	{"removed", "count(*)", "removals where superseded_by is null"},
	{"removed_bytes", "coalesce(sum(size), 0)", "removals where superseded_by is null"},
	{"words", "count(*)", "words"},
	{"vectors", "count(*)", "vectors"},
}

// counters compares the counts of tenants with what they count, and makes them anew.
func (c *checker) counters(ctx context.Context) error {
	wrong := map[string]bool{}
	err := c.now(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		for _, count := range counted {
			sql := fmt.Sprintf(`select coalesce(t.tenant, r.tenant) from sigil.tenants t
full join (select tenant, %[2]s as n from sigil.%[3]s group by tenant) r on r.tenant = t.tenant where coalesce(t.%[1]s, 0) <> coalesce(r.n, 0)`, count.column, count.sum, count.from)
			if err := each(ctx, conn, scanOne[string], func(tenant string) {
				wrong[tenant] = true
				c.found.Add(store.CheckCounters, "the count of %s of tenant %s is wrong", count.column, tenant)
			}, sql); err != nil {
				return err
			}
		}
		return nil
	})
	for tenant := range wrong {
		if err == nil && c.mend {
			err = c.recount(ctx, tenant)
		}
	}
	return err
}

// recount makes the counts of a tenant anew. Its lock has everybody wait who would change them, and what others have not
// committed yet is counted by them.
func (c *checker) recount(ctx context.Context, tenant string) error {
	bounded, cancel := c.s.bounded(ctx)
	defer cancel()
	set := ""
	for i, count := range counted {
		where := " where tenant = $1"
		if count.from == "removals where superseded_by is null" {
			where = " and tenant = $1"
		}
		if i > 0 {
			set += ", "
		}
		set += fmt.Sprintf("%s = (select %s from sigil.%s%s)", count.column, count.sum, count.from, where)
	}
	err := c.s.transact(bounded, func(t *tx) error {
		b := &pgx.Batch{}
		b.Queue("insert into sigil.tenants (tenant) values ($1) on conflict do nothing", tenant)
		b.Queue("select from sigil.tenants where tenant = $1 for update", tenant)
		if err := t.send(bounded, b); err != nil {
			return err
		}
		var w writes
		w.add("update sigil.tenants set "+set+" where tenant = $1", tenant)
		return t.commit(bounded, w)
	})
	if err == nil {
		c.found.Mended(store.CheckCounters, 1)
	}
	return err
}
