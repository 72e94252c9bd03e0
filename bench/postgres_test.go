package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/store/pgstore"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if server.cluster != nil {
		server.cluster.Remove()
	}
	os.Exit(code)
}

// server is a PostgreSQL whose commits are durable.
var server struct {
	once    sync.Once
	cluster *pgtest.Cluster
	err     error
}

func database(b *testing.B) string {
	b.Helper()
	server.once.Do(func() {
		server.cluster, server.err = newPostgres()
	})
	if server.err != nil {
		b.Fatal(server.err)
	}
	name, err := server.cluster.Database(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := server.cluster.Exec(context.Background(), "postgres", "drop database "+name+" with (force)"); err != nil {
			b.Error(err)
		}
	})
	return server.cluster.URL(name)
}

func postgres(b *testing.B, url string) (*pgstore.Store, *engine.Engine) {
	b.Helper()
	s, err := pgstore.Open(context.Background(), url, &pgstore.Options{Logger: quiet, Timeout: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	policy, err := sigil.NewHalfLife(7*24*time.Hour, sigil.DefaultThreshold)
	if err != nil {
		b.Fatal(err)
	}
	return s, engine.New(s, &engine.Options{Clock: s.Now, Settings: engine.Settings{Policy: policy}})
}

// BenchmarkPostgresEncode measures durable encode through the driver, beside 64 callers that insert a row with the same
// data and two indexed columns, a statement each, and with several drivers on one database.
func BenchmarkPostgresEncode(b *testing.B) {
	b.Run("of=rows/callers=64", benchRows)
	for _, n := range []int{64, 1000} {
		b.Run(fmt.Sprintf("of=sigil/callers=%d", n), func(b *testing.B) { benchPostgres(b, 1, n) })
	}
	for _, stores := range []int{2, 4} {
		b.Run(fmt.Sprintf("of=sigil/callers=1000/stores=%d", stores), func(b *testing.B) { benchPostgres(b, stores, 1000) })
	}
}

func benchRows(b *testing.B) {
	pool, err := postgresRows(context.Background(), database(b))
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	callers(b, 64, func(i uint64) error {
		return insertRow(context.Background(), pool, i)
	})
}

// callers runs b.N operations, spread over n goroutines.
func callers(b *testing.B, n int, op func(i uint64) error) {
	b.Helper()
	var next atomic.Uint64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	b.ResetTimer()
	for range n {
		wg.Go(func() {
			for i := next.Add(1); i <= uint64(b.N); i = next.Add(1) {
				if err := op(i); err != nil {
					failed.Store(&err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	if err := failed.Load(); err != nil {
		b.Fatal(*err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "encodes/s")
}

func benchPostgres(b *testing.B, stores, n int) {
	url := database(b)
	engines := make([]*engine.Engine, stores)
	for i := range engines {
		_, engines[i] = postgres(b, url)
	}
	callers(b, n, func(i uint64) error {
		_, err := engines[i%uint64(stores)].Encode(context.Background(), sigil.DefaultTenant, sigil.Draft{Data: payload(i)})
		return err
	})
}

// fillPostgres encodes n memories. The first due of them fade at once.
func fillPostgres(b *testing.B, e *engine.Engine, n, due int) []sigil.Key {
	b.Helper()
	const batch = 500
	keys := make([]sigil.Key, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				from := int(next.Add(batch)) - batch
				if from >= n {
					return
				}
				drafts := make([]sigil.Draft, min(batch, n-from))
				for i := range drafts {
					drafts[i] = sigil.Draft{Data: payload(uint64(from + i))}
					if from+i < due {
						drafts[i].TTL = time.Millisecond
					}
				}
				results, err := e.EncodeBatch(context.Background(), sigil.DefaultTenant, drafts)
				if err != nil {
					b.Error(err)
					return
				}
				for i := range results {
					keys[from+i] = results[i].Memory.Key
				}
			}
		})
	}
	wg.Wait()
	return keys
}

// BenchmarkPostgresSweep releases 100,000 of 200,000 memories, by one sweeper and by two at once.
func BenchmarkPostgresSweep(b *testing.B) {
	for _, sweepers := range []int{1, 2} {
		b.Run(fmt.Sprintf("sweepers=%d", sweepers), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				url := database(b)
				_, first := postgres(b, url)
				fillPostgres(b, first, 200_000, 100_000)
				b.StartTimer()
				var wg sync.WaitGroup
				var released atomic.Int64
				for range sweepers {
					_, e := postgres(b, url)
					wg.Go(func() {
						s, err := e.Sweep(context.Background())
						if err != nil {
							b.Error(err)
						}
						released.Add(int64(s.Released[sigil.ReasonTTL]))
					})
				}
				wg.Wait()
				if released.Load() != 100_000 {
					b.Errorf("released %d", released.Load())
				}
			}
			b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds(), "released/s")
		})
	}
}

// BenchmarkPostgresMillion measures related (50 of a million), recall and stats in a store of a million memories.
func BenchmarkPostgresMillion(b *testing.B) {
	_, e := postgres(b, database(b))
	keys := fillPostgres(b, e, 1_000_000, 0)
	b.Run("related", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := e.Related(context.Background(), keys[i*7919%len(keys)], engine.RelatedQuery{Limit: 50}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("recall", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := e.Recall(context.Background(), keys[i*7919%len(keys)]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("stats", func(b *testing.B) {
		for b.Loop() {
			if _, err := e.Stats(context.Background(), sigil.DefaultTenant); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkPostgresEncodeBesideSweep measures the latency of encode by 64 callers, with a sweep of 100,000 running and
// without.
func BenchmarkPostgresEncodeBesideSweep(b *testing.B) {
	for _, sweeping := range []bool{false, true} {
		b.Run(fmt.Sprintf("sweep=%v", sweeping), func(b *testing.B) {
			url := database(b)
			_, e := postgres(b, url)
			_, other := postgres(b, url)
			fillPostgres(b, e, 200_000, 100_000)
			var running sync.WaitGroup
			var swept time.Duration
			if sweeping {
				running.Go(func() {
					begin := time.Now()
					if _, err := other.Sweep(context.Background()); err != nil {
						b.Error(err)
					}
					swept = time.Since(begin)
				})
			}
			took := make([]time.Duration, b.N)
			callers(b, 64, func(i uint64) error {
				begin := time.Now()
				_, err := e.Encode(context.Background(), sigil.DefaultTenant, sigil.Draft{Data: payload(i)})
				took[i-1] = time.Since(begin)
				return err
			})
			elapsed := b.Elapsed()
			running.Wait()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
			if sweeping {
				b.ReportMetric(min(1, swept.Seconds()/elapsed.Seconds()), "swept-part")
			}
		})
	}
}
