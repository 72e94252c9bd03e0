package pgtest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
)

// shared is the cluster of all tests of one package.
var shared struct {
	mu sync.Mutex
	// +checklocks:mu
	cluster *Cluster
}

// Main runs the tests of a package, and removes the cluster that they shared. If one fails, Main prints the
// end of the server's log.
func Main(m interface{ Run() int }) {
	code := m.Run()
	shared.mu.Lock()
	if shared.cluster != nil {
		if code != 0 {
			fmt.Fprintf(os.Stderr, "the server's log:\n%s\n", shared.cluster.Log())
		}
		shared.cluster.Remove()
	}
	shared.mu.Unlock()
	os.Exit(code)
}

// Shared returns the package's cluster, and starts it if necessary. The package must have a TestMain that
// calls [Main].
func Shared(tb testing.TB) *Cluster {
	tb.Helper()
	settings := Fast
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.cluster == nil {
		c, err := New(settings)
		if err != nil {
			tb.Fatal(err)
		}
		shared.cluster = c
	}
	return shared.cluster
}

// Database creates a new database in the package's cluster, which is removed with the test, and returns its
// URL.
func Database(tb testing.TB) string {
	tb.Helper()
	c := Shared(tb)
	name, err := c.Database(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Exec(context.Background(), "postgres", fmt.Sprintf("drop database %s with (force)", name)); err != nil {
			tb.Error(err)
		}
	})
	return c.URL(name)
}

// Start starts a cluster for one test.
func Start(tb testing.TB, settings map[string]string) *Cluster {
	tb.Helper()
	c, err := New(settings)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("the server's log:\n%s", c.Log())
		}
		c.Remove()
	})
	return c
}
