package campaign_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/internal/prove/campaign"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/store/pgstore"
)

// TestKillOverPostgres kills a daemon on PostgreSQL under load at random moments, and sometimes the database,
// which has all its durability settings on. Afterwards, everything acknowledged exists, and nothing else.
// SIGIL_ROUNDS sets how often, SIGIL_SEED which moments.
func TestKillOverPostgres(t *testing.T) {
	rounds := number(t, "SIGIL_ROUNDS", 4)
	// Nothing but commits writes the log soon, so a commit that is answered before it is on disk is lost in a crash.
	cluster := pgtest.Start(t, map[string]string{"wal_writer_delay": "10s"})
	c := begin(t)
	var url string
	c.Store = func() (string, error) {
		name, err := cluster.Database(t.Context())
		url = cluster.URL(name)
		return url, err
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rounds)*2*campaign.Patience)
	defer cancel()
	judge(t, c, "start", c.Fresh(ctx, c.Scratch))
	rng := rand.New(rand.NewPCG(c.Seed, 1))
	for round := range rounds {
		if round%20 == 5 {
			sound(ctx, t, url)
			judge(t, c, "a fresh store", c.Fresh(ctx, c.Scratch))
		}
		what := "round " + strconv.FormatUint(round, 10)
		if round%2 == 0 {
			judge(t, c, what, c.Kill(ctx))
			continue
		}
		judge(t, c, what, c.Outage(ctx, "crashes of the database", func(context.Context) error {
			if err := cluster.Stop(pgtest.Immediate); err != nil {
				return err
			}
			time.Sleep(time.Duration(rng.IntN(300)) * time.Millisecond) // the outage itself, which is drawn
			return cluster.Start()
		}))
	}
	judge(t, c, "end", c.End(ctx))
	sound(ctx, t, url)
	n := c.Totals()
	t.Logf("%d kills under load and %d while opening, %d crashes of the database, service again %s after at most: %d encodes attempted, %d memories, %d signatures and %d journal entries compared, %d memories found by a search: %d violations",
		c.Done.Get("SIGKILL under load"), c.Done.Get("SIGKILL while opening"), c.Done.Get("crashes of the database"), c.Resumed().Round(time.Millisecond), n.Attempts, n.Memories, n.Signatures, n.Entries, n.Found, n.Violations)
	t.Logf("answered: %v", c.Operations())
}

// sound asserts that a database has the content that follows from its journal.
func sound(ctx context.Context, t *testing.T, url string) {
	t.Helper()
	s, err := pgstore.Open(ctx, url, &pgstore.Options{Logger: slog.New(slog.DiscardHandler), Timeout: campaign.Patience})
	if err == nil {
		err = errors.Join(s.Verify(ctx), s.Close())
	}
	if err != nil {
		t.Errorf("the store is not sound: %v", err)
	}
}
