package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// encode measures durable encode in process, beside peers that store about the same bytes as durably.
func encode(ctx context.Context, b *bench) (string, error) {
	log, err := b.newLog()
	if err != nil {
		return "", err
	}
	defer func() { _ = log.Close() }() // its contents are not needed
	var cluster *pgtest.Cluster
	if b.has("postgres") {
		if cluster, err = newPostgres(); err != nil {
			return "", err
		}
		defer cluster.Remove()
	}
	rows := heading("callers", "encodes/s")
	for _, n := range []int{64, 1000} {
		all, err := b.compare(
			ctx, fmt.Sprintf("encode, %d callers", n),
			b.sigilEncode(n, 0), b.pebbleEncode(n), b.logEncode(log, n), b.sqliteEncode(n), b.postgresEncode(cluster, n),
		)
		if err != nil {
			return "", err
		}
		ofLog := 0.6
		if n == 1000 {
			ofLog = 0.4
		}
		rows = append(rows, against(fmt.Sprint(n), all, map[string]target{"bare Pebble": atLeast(1), "bare log": atLeast(ofLog)})...)
	}
	return rows.String(), nil
}

// sigilEncode measures encodes into a new store that already has the given number of small memories.
func (b *bench) sigilEncode(callers, memories int) side {
	return side{"Sigil", "", func(ctx context.Context) (figure, error) {
		return b.withStore(ctx, memories, nil, func(e *embedded) (figure, error) { return b.encodes(ctx, e, callers) })
	}}
}

// largeEncode measures encodes into the large store.
func (b *bench) largeEncode(callers int) side {
	return side{"Sigil", "", func(ctx context.Context) (f figure, err error) {
		l, err := b.full(ctx)
		if err != nil {
			return f, err
		}
		e, err := openStore(l.dir, nil)
		if err != nil {
			return f, err
		}
		defer func() { err = errors.Join(err, e.store.Close()) }()
		return b.encodes(ctx, e, callers)
	}}
}

func (b *bench) encodes(ctx context.Context, e *embedded, callers int) (figure, error) {
	return b.load(ctx, callers, func(i uint64) error {
		_, err := e.Encode(ctx, tenant, draft(payload)(i))
		return err
	})
}

// pebbleEncode measures a bare Pebble that stores the same bytes under the same options: a memory's two records and its
// journal entry, under keys of the same length. Each caller commits and syncs its own batch.
func (b *bench) pebbleEncode(callers int) side {
	return side{"bare Pebble", "", func(ctx context.Context) (f figure, err error) {
		dir, err := os.MkdirTemp(b.scratch, "pebble")
		if err != nil {
			return f, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		o := pebblestore.DatabaseOptions()
		o.Logger = silent{}
		db, err := pebble.Open(dir, o)
		if err != nil {
			return f, err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		return b.load(ctx, callers, func(i uint64) error { return putBare(db, i) })
	}}
}

func putBare(db *pebble.DB, i uint64) error {
	id := uuid.Must(uuid.NewV7())
	batch := db.NewBatch()
	defer func() { _ = batch.Close() }() // Commit returns the error
	for _, r := range []struct {
		family byte
		value  []byte
	}{{'m', noise(i, metaBytes)}, {'b', append(slices.Clone(noise(i, bodyBytes)), payload(i)...)}} {
		key := append([]byte{r.family}, tenant...)
		if err := batch.Set(append(append(key, 0), id[:]...), r.value, nil); err != nil {
			return err
		}
	}
	key := binary.BigEndian.AppendUint64(append([]byte("j"+tenant), 0), i)
	if err := batch.Set(key, noise(i, eventBytes), nil); err != nil {
		return err
	}
	return batch.Commit(pebble.Sync)
}

// silent discards Pebble's log.
type silent struct{}

func (silent) Infof(string, ...any)      {}
func (silent) Errorf(string, ...any)     {}
func (silent) Fatalf(f string, v ...any) { panic(fmt.Sprintf(f, v...)) }
