package pgstore

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/sigil-dna/sigil"
)

//go:embed migrations/*.sql
var migrations embed.FS

// version is the version of the schema, the number of the newest migration.
const version = 20

// migrate updates the schema to version. Processes that start together do so one after the other, by a
// session lock, which the database releases with the connection.
func (s *Store) migrate(ctx context.Context) error {
	found, err := s.version(ctx)
	switch {
	case err != nil:
		return err
	case found > version:
		return &sigil.Error{
			Kind: sigil.ErrFormat, Code: "format",
			Detail: fmt.Sprintf("the database has version %d of the schema, but this program supports up to %d: it was made by a newer program", found, version),
		}
	case found == version:
		return nil
	}
	if err := s.makeSchema(ctx); err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	const second, most = 1, 120 // tries to get the lock every second
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(second, most), lock.WithUnlockTimeout(second, most))
	if err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(s.pool.pool)
	defer func() { _ = db.Close() }() // the pool stays open
	p, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithTableName("sigil.version"), goose.WithSessionLocker(locker), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// version returns the version of the schema, or 0 if there is none.
func (s *Store) version(ctx context.Context) (int64, error) {
	var there bool
	if err := s.pool.QueryRow(ctx, "select to_regclass('sigil.version') is not null").Scan(&there); err != nil || !there {
		return 0, err
	}
	var v int64
	err := s.pool.QueryRow(ctx, "select coalesce(max(version_id) filter (where is_applied), 0) from sigil.version").Scan(&v)
	if stateOf(err) == undefinedTable {
		return 0, nil
	}
	return v, err
}

// makeSchema creates the schema that contains the table of versions. If two processes do this at once, one
// may fail in spite of "if not exists"; then the schema exists.
func (s *Store) makeSchema(ctx context.Context) error {
	_, err := s.pool.Exec(ctx, "create schema if not exists sigil")
	if code := stateOf(err); code == uniqueViolation || code == duplicateSchema {
		return nil
	}
	return err
}
