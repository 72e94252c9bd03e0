package pgstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/sigil-dna/sigil"
)

// These are the columns of a memory, in the order in which scanMeta and scanMemory read them.
const (
	metaColumns   = "tenant, id, created_at, last_accessed, fades_at, ttl, access_count, potential, frequency, size, policy, pinned, crystallized, own_policy, stretch, stood, supersedes, noticed, revision"
	memoryColumns = metaColumns + ", hash, state, tags, data"
	// outlineColumns are read in the same way, without data.
	outlineColumns = metaColumns + ", hash, state, tags, ''"
)

// row is a memory as it is stored in a row: its policy is still a number.
type row struct {
	sigil.Memory
	policy   uint16
	revision int32
	noticed  time.Time // the deadline that the journal has a notice of, or zero
}

// setNoticed sets Noticed, after FadesAt has changed.
func (r *row) setNoticed() {
	r.Noticed = !r.FadesAt.IsZero() && r.FadesAt.Equal(r.noticed)
}

func scanMeta(rows pgx.Rows) (row, error) { return scan(rows) }

func scanMemory(rows pgx.Rows) (row, error) { return scanMemoryAnd(rows) }

// scanMemoryAnd reads the columns of a memory and more.
func scanMemoryAnd(rows pgx.Rows, more ...any) (row, error) {
	var hash []byte
	var state, tags string
	var data []byte
	r, err := scan(rows, append([]any{&hash, &state, &tags, &data}, more...)...)
	if err != nil {
		return r, err
	}
	copy(r.Hash[:], hash)
	if len(data) > 0 {
		r.Data = data
	}
	if tags != "" {
		err = json.Unmarshal([]byte(tags), &r.Tags)
	}
	if r.State = sigil.DefaultState(); err == nil && state != "" {
		err = r.State.UnmarshalJSON([]byte(state))
	}
	return r, err
}

func scan(rows pgx.Rows, more ...any) (row, error) {
	var r row
	var fades, noticed pgtype.Timestamptz
	var ttl, count int64
	var frequency, policy int16
	var stood int32
	var supersedes *[16]byte
	err := rows.Scan(append([]any{
		&r.Tenant, (*[16]byte)(&r.ID), &r.CreatedAt, &r.LastAccessed, &fades, &ttl, &count, &r.Potential, &frequency, &r.Size, &policy, &r.Pinned, &r.Crystallized, &r.OwnPolicy, &r.Stretch, &stood, &supersedes, &noticed, &r.revision,
	}, more...)...)
	r.CreatedAt, r.LastAccessed = r.CreatedAt.UTC(), r.LastAccessed.UTC()
	r.FadesAt = fromDeadline(fades)
	if supersedes != nil {
		r.Supersedes = *supersedes
	}
	if noticed.InfinityModifier == pgtype.Finite {
		r.noticed = noticed.Time.UTC()
	}
	r.setNoticed()
	r.TTL, r.AccessCount, r.Stood = time.Duration(ttl)*time.Millisecond, uint64(count), time.Duration(stood)*time.Second
	r.Frequency, r.policy = sigil.Frequency(frequency), uint16(policy)
	return r, err
}

// resolve sets the policies of rows. In a transaction, db must be its connection: all others may be in use by
// calls that wait for a second one.
func (s *Store) resolve(ctx context.Context, db querier, rows []row) error {
	for i := range rows {
		policy, err := s.policies.find(ctx, db, rows[i].policy)
		if err != nil {
			return err
		}
		if policy == nil {
			return damaged("a memory's policy")
		}
		rows[i].Policy = policy
	}
	return nil
}

func damaged(what string) error {
	return &sigil.Error{Kind: sigil.ErrInternal, Code: "damaged", Detail: "the database has " + what + " that this program never writes"}
}

func deadline(t time.Time) pgtype.Timestamptz {
	if t.IsZero() {
		return pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}
	}
	return pgtype.Timestamptz{Time: t, Valid: true}
}

func fromDeadline(t pgtype.Timestamptz) time.Time {
	if t.InfinityModifier == pgtype.Infinity {
		return time.Time{}
	}
	return t.Time.UTC()
}

// query runs a read and returns its rows, with their policies.
func (s *Store) query(ctx context.Context, read func(pgx.Rows) (row, error), sql string, args ...any) ([]row, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	all, err := collect(rows, err, read)
	if err != nil {
		return nil, err
	}
	return all, s.resolve(ctx, s.pool, all)
}
