package main

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sigil-dna/sigil/internal/prove/pgtest"
)

// newPostgres starts a PostgreSQL whose commits are durable.
func newPostgres() (*pgtest.Cluster, error) {
	return pgtest.New(map[string]string{"shared_buffers": "1GB", "max_wal_size": "8GB", "max_connections": "300"})
}

// postgresEncode inserts one row per statement, over at most 64 connections. A row has the data of a memory and the two
// columns that Sigil indexes, too.
func (b *bench) postgresEncode(cluster *pgtest.Cluster, callers int) side {
	return side{"PostgreSQL", "postgres", func(ctx context.Context) (f figure, err error) {
		name, err := cluster.Database(ctx)
		if err != nil {
			return f, err
		}
		defer func() {
			err = errors.Join(err, cluster.Exec(context.WithoutCancel(ctx), "postgres", "drop database "+name+" with (force)"))
		}()
		pool, err := postgresRows(ctx, cluster.URL(name))
		if err != nil {
			return f, err
		}
		defer pool.Close()
		return b.load(ctx, callers, func(i uint64) error { return insertRow(ctx, pool, i) })
	}}
}

// postgresRows creates the table and returns connections to it.
func postgresRows(ctx context.Context, url string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 64
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	_, err = pool.Exec(ctx, `create table m (tenant text, id uuid, fades_at timestamptz, frequency smallint, data text, primary key (tenant, id));
		create index on m (fades_at); create index on m (tenant, frequency, id)`)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

func insertRow(ctx context.Context, pool *pgxpool.Pool, i uint64) error {
	id := uuid.Must(uuid.NewV7())
	_, err := pool.Exec(ctx, "insert into m values ($1, $2, $3, $4, $5)", tenant, [16]byte(id), time.Now(), int16(i%1000), string(payload(i)))
	return err
}
