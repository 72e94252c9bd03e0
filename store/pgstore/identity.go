package pgstore

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// identify returns the store's identity. If there is none, it creates one. If the store was restored since a daemon last
// opened it, as far as the server tells, it has another epoch from then on.
func (s *Store) identify(ctx context.Context) (store.Info, error) {
	info := store.Info{Format: version, Driver: "postgres"}
	now := time.Now().UTC()
	_, err := s.pool.Exec(ctx, `with h as (
  insert into sigil.head (store, created_at) values ($1, date_trunc('milliseconds', clock_timestamp())) on conflict do nothing returning position, link
) insert into sigil.links (position, link) select position, link from h`, [16]byte(sigil.NewID(now)))
	if err != nil {
		return info, err
	}
	origin, err := s.origin(ctx)
	if err != nil {
		return info, err
	}
	// Of daemons that open the store at once, the first makes the epoch, and the others find their origin there.
	_, err = s.pool.Exec(ctx, `update sigil.head set origin = $1, epoch = case when origin is null then store else $2 end
where origin is distinct from $1`, origin, [16]byte(sigil.NewID(now)))
	if err != nil {
		return info, err
	}
	err = s.pool.QueryRow(ctx, "select store, epoch, created_at from sigil.head").Scan((*[16]byte)(&info.ID), (*[16]byte)(&info.Epoch), &info.CreatedAt)
	info.CreatedAt = info.CreatedAt.UTC()
	return info, err
}

// origin identifies the place where the store is. Of a dump that is restored, the table is another one; of a database that is
// made from a template, the database is; and of a server that was recovered to a point in time, the timeline is.
func (s *Store) origin(ctx context.Context) (origin string, err error) {
	err = s.pool.QueryRow(ctx, `select d.oid::text || '/' || 'sigil.head'::regclass::oid::text from pg_database d where d.datname = current_database()`).Scan(&origin)
	if err != nil {
		return "", err
	}
	var server string
	err = s.pool.QueryRow(ctx, `select system_identifier::text || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) from pg_control_system()`).Scan(&server)
	if err != nil { // not every database that speaks the protocol has these functions, or lets everybody call them
		s.logger.Debug("the server's timeline could not be read", "error", err)
		return origin, ctx.Err()
	}
	return server + "/" + origin, nil
}
