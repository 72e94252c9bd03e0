package bench_test

import (
	"context"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// BenchmarkRedis is the peer that a user might pick instead, at the same durability: appendfsync
// always, and the three writes an encode comes to (the record, its deadline, its frequency) in one
// MULTI through go-redis.
func BenchmarkRedis(b *testing.B) {
	for _, n := range []int{64, 1000} {
		b.Run(fmt.Sprintf("callers=%d", n), func(b *testing.B) {
			client := startRedis(b, n)
			ctx := context.Background()
			callers(b, n, func(i uint64) error {
				id := uuid.Must(uuid.NewV7()).String()
				_, err := client.TxPipelined(ctx, func(p redis.Pipeliner) error {
					p.Set(ctx, "m:"+id, payload(i), 0)
					p.ZAdd(ctx, "deadlines", redis.Z{Score: float64(i), Member: id})
					p.ZAdd(ctx, "frequencies", redis.Z{Score: float64(i % 1000), Member: id})
					return nil
				})
				return err
			})
		})
	}
}

// startRedis runs Debian's redis-server on a socket of its own until the benchmark ends.
func startRedis(b *testing.B, connections int) *redis.Client {
	b.Helper()
	dir := b.TempDir()
	socket := dir + "/redis.sock"
	server := exec.Command("redis-server", "--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "",
		"--appendonly", "yes", "--appendfsync", "always", "--maxclients", "4000")
	if err := server.Start(); err != nil {
		b.Fatalf("redis-server (Debian package redis-server): %v", err)
	}
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: socket, PoolSize: connections, ReadTimeout: time.Minute})
	b.Cleanup(func() {
		_ = client.Close()
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	for deadline := time.Now().Add(10 * time.Second); ; {
		err := client.Ping(context.Background()).Err()
		if err == nil {
			return client
		}
		if time.Now().After(deadline) {
			b.Fatal(err)
		}
	}
}
