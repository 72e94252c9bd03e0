package campaign_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/internal/prove/campaign"
)

// program is the program that `make build` makes, built on demand; TestMain removes it.
var program = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "campaign")
	if err != nil {
		return "", err
	}
	built = folder
	name := filepath.Join(folder, "sigil")
	if out, err := exec.Command("go", "build", "-o", name, "../../../cmd/sigil").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return name, nil
})

// built is the folder of program, once it is built.
var built string

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		os.RemoveAll(built)
	}
	os.Exit(code)
}

// number returns the value of a variable that sets how much to do.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// begin starts a campaign whose daemon is gone at the end of the test, whatever happens.
func begin(t *testing.T) *campaign.Campaign {
	t.Helper()
	program, err := program()
	if err != nil {
		t.Fatal(err)
	}
	c := &campaign.Campaign{
		Program: program, Scratch: t.TempDir(), Tenants: []string{"public", "acme", "strong"}, Clients: 12, Most: 1200,
		Seed: number(t, "SIGIL_SEED", rand.Uint64()),
	}
	t.Logf("SIGIL_SEED=%d", c.Seed)
	t.Cleanup(func() {
		if err := c.Abort(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// judge fails the test for what went wrong in the last round.
func judge(t *testing.T, c *campaign.Campaign, what string, err error) {
	t.Helper()
	for _, wrong := range c.Violations() {
		t.Errorf("%s: %s", what, wrong)
	}
	if n := c.Totals().Violations; n > 0 {
		t.Errorf("%d violations", n)
	}
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	if t.Failed() {
		if child := c.Child(); child != nil {
			t.Log(child.Log())
		}
		t.FailNow()
	}
}

// TestKill kills a daemon under load at random moments. Afterwards, everything acknowledged exists, and
// nothing else. SIGIL_ROUNDS sets how often, SIGIL_SEED which moments.
func TestKill(t *testing.T) {
	rounds := number(t, "SIGIL_ROUNDS", 10)
	c := begin(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rounds)*2*campaign.Patience)
	defer cancel()
	judge(t, c, "start", c.Fresh(ctx, c.Scratch))
	for round := range rounds {
		if round%20 == 5 {
			judge(t, c, "a fresh store", c.Fresh(ctx, c.Scratch))
		}
		judge(t, c, "round "+strconv.FormatUint(round, 10), c.Kill(ctx))
	}
	judge(t, c, "end", c.End(ctx))
	n := c.Totals()
	t.Logf("%d rounds on %d stores, %d kills under load and %d while opening: %d encodes attempted, %d requests cut off, %d memories, %d signatures and %d journal entries compared, %d memories found by a search: %d violations",
		rounds, c.Done.Get("stores"), c.Done.Get("SIGKILL under load"), c.Done.Get("SIGKILL while opening"), n.Attempts, n.Broken, n.Memories, n.Signatures, n.Entries, n.Found, n.Violations)
	t.Logf("answered: %v", c.Operations())
}

// TestKillWhileBackingUp kills a daemon under load that makes a backup every second, and as many more as are asked for. Each backup that
// it lists as sound restores to a state that the ledger allows. SIGIL_ROUNDS sets how often, SIGIL_SEED which moments.
func TestKillWhileBackingUp(t *testing.T) {
	rounds := number(t, "SIGIL_ROUNDS", 2)
	c := begin(t)
	dir := filepath.Join(c.Scratch, "backups")
	c.Args = []string{"--backup-dir=" + dir, "--backup-every=* * * * * *", "--backup-keep=0"}
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rounds)*2*campaign.Patience)
	defer cancel()
	judge(t, c, "start", c.Fresh(ctx, c.Scratch))
	for round := range rounds {
		if round%10 == 5 {
			judge(t, c, "a fresh store", c.Fresh(ctx, c.Scratch))
		}
		judge(t, c, "round "+strconv.FormatUint(round, 10), c.KillWhileBackingUp(ctx, dir))
	}
	judge(t, c, "end", c.End(ctx))
	n := c.Totals()
	t.Logf("%d rounds on %d stores: %d kills beside backups, %d backups answered, %d listed as sound, %d restored; %d encodes attempted, %d memories and %d journal entries compared: %d violations",
		rounds, c.Done.Get("stores"), c.Done.Get("SIGKILL beside backups"), c.Done.Get("backups answered"), c.Done.Get("backups listed"), c.Done.Get("backups restored"), n.Attempts, n.Memories, n.Entries, n.Violations)
}
