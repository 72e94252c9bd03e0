package daemon

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/clock"
	"github.com/sigil-dna/sigil/internal/migrate"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
	"github.com/sigil-dna/sigil/store/pgstore"
)

const migrateHelp = `Copy live memories with their former versions, the policies that tenants have of their own, crystals of patterns and
signatures of code from one store to another. Each store is a data folder or the postgres:// URL of a database. The source does not change: a data folder is opened read-only, and may be on a read-only mount; a
database may be updated to the format of this version of sigil, as at every start. If the command was stopped or
has failed, run it again to continue. If the source has changed since, run it again to copy what is new and to
remove what was forgotten there.

No daemon may be running on a data folder. Daemons may keep using a source database: copy once, stop them,
copy again, and start them on the target. Each memory, former version and signature of code gets an entry in the target's
journal; the source's journal and its answers under idempotency keys are not copied. Nor are removed memories that can still
be restored, and what they superseded: they are counted.

--dry-run reads everything of the source, does not open the target, which need not be given, and writes nothing. It prints what a first
copy would: the counts, the checksum, and what would stay behind. It does not see what a target has already.

With --json, each tenant is an object on its own line, with the SHA-256 of the copied content and whether both
stores are the same. restorable and versionsLeftOut count what is not copied of removed memories, crystalsLost the
crystals of patterns without a live memory, which are not copied.

Usage:
  sigil migrate --from STORE --to STORE [flags]

Examples:
  # From the embedded store to PostgreSQL
  sigil migrate --from /var/lib/sigil --to postgres://sigil@db.example/sigil

  # What would be copied, and what would stay behind
  sigil migrate --from /var/lib/sigil --dry-run

  # One tenant to its own database
  sigil migrate --from postgres://sigil@db.example/sigil --to postgres://sigil@db2.example/sigil --tenant acme

Exit codes: 0 if both stores are the same or after a dry run, 1 if they are not or the command failed, 2 for wrong usage.

Flags:
`

// Migrate is `sigil migrate`. It copies from one store to another, and returns the process's exit code.
func Migrate(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	m := migration{stdout: stdout, stderr: stderr}
	f := m.flags()
	switch err := f.Parse(args); {
	case errors.Is(err, pflag.ErrHelp):
		if _, err := io.WriteString(stdout, migrateHelp+f.FlagUsages()); err != nil {
			return exitFailed
		}
		return exitOK
	case err != nil:
		m.say("%v", err)
		return exitConfig
	case f.NArg() > 0:
		m.say("unexpected argument %q: only flags are accepted", f.Arg(0))
		return exitConfig
	case m.from == "" || m.to == "" && !m.dryRun:
		m.say("both --from and --to are required; each is a data folder or a postgres:// URL")
		return exitConfig
	case m.from == m.to:
		m.say("--from and --to are the same store")
		return exitConfig
	}
	same, err := m.run(ctx)
	if err != nil {
		m.say("%v", err)
	}
	if err != nil || !same {
		return exitFailed
	}
	return exitOK
}

// migration is one run of the command: what to copy, and where to.
type migration struct {
	stdout, stderr io.Writer
	from, to       string
	tenants        []string // empty means all
	dryRun, json   bool
}

func (m *migration) say(format string, args ...any) {
	_, _ = fmt.Fprintf(m.stderr, "sigil migrate: %s\n", fmt.Sprintf(format, args...)) // if stderr is closed, there is no reader
}

// MigrateFlags returns the flags of [Migrate], for showing them.
func MigrateFlags() *pflag.FlagSet { return new(migration).flags() }

func (m *migration) flags() *pflag.FlagSet {
	f := pflag.NewFlagSet("sigil migrate", pflag.ContinueOnError)
	f.SortFlags = false
	f.Usage = func() {}
	f.StringVar(&m.from, "from", "", "the `store` to copy from")
	f.StringVar(&m.to, "to", "", "the `store` to copy to, which is created if missing")
	f.StringSliceVar(&m.tenants, "tenant", nil, "copy only this `tenant`; may be repeated")
	f.BoolVar(&m.dryRun, "dry-run", false, "only report what would be copied and left behind")
	f.BoolVar(&m.json, "json", false, "print JSON: one object per tenant, each on its own line")
	return f
}

// run copies, and reports whether both stores are the same at the end.
func (m *migration) run(ctx context.Context) (same bool, err error) {
	source, err := openSource(ctx, m.from)
	if err != nil {
		return false, fmt.Errorf("--from: %w", err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	clocks := []interface{ Clock() *clock.Clock }{source}
	var target store.Store // nil for a dry run
	if !m.dryRun {
		if target, err = openFor(ctx, m.to); err != nil {
			return false, fmt.Errorf("--to: %w", err)
		}
		defer func() { err = errors.Join(err, target.Close()) }()
		if source.Info().ID == target.Info().ID {
			return false, errors.New("--from and --to are the same store")
		}
		clocks = append(clocks, target)
	}
	there, err := source.Tenants(ctx)
	if err != nil {
		return false, err
	}
	policies, err := source.TenantPolicies(ctx)
	if err != nil {
		return false, err
	}
	for i := range policies { // of a tenant that may have nothing else
		there = append(there, policies[i].Tenant)
	}
	slices.Sort(there)
	there = slices.Compact(there)
	tenants := m.tenants
	if tenants == nil {
		tenants = there
	}
	if len(tenants) == 0 {
		const nothing = "there is nothing to copy: the source has no memories and no signatures"
		if m.json {
			m.say(nothing)
			return true, nil
		}
		_, err := fmt.Fprintln(m.stdout, nothing)
		return true, err
	}
	now := time.Now
	for _, s := range clocks {
		if k := s.Clock(); k != nil {
			now = k.Now
		}
	}
	same = true
	for _, tenant := range tenants {
		if !slices.Contains(there, tenant) {
			return false, fmt.Errorf("there is no tenant %q in the source", tenant)
		}
		var r migrate.Report
		if m.dryRun {
			r, err = migrate.Plan(ctx, source, tenant, now)
		} else {
			r, err = migrate.Tenant(ctx, source, target, tenant, now)
		}
		if err != nil {
			return false, fmt.Errorf("tenant %s: %w", tenant, err)
		}
		same = same && (r.Settled || m.dryRun)
		if err := m.report(&r); err != nil {
			return false, err
		}
	}
	return same, nil
}

// migrated is the object that --json prints for a tenant.
type migrated struct {
	Tenant     string `json:"tenant"`
	Memories   int    `json:"memories"`
	Bytes      int64  `json:"bytes"`
	Versions   int    `json:"versions"`
	Policy     bool   `json:"policy"`
	Crystals   int    `json:"crystals"`
	Lost       int    `json:"crystalsLost"`
	Signatures int    `json:"signatures"`
	SHA256     string `json:"sha256"`
	Same       bool   `json:"same"`
	Inserted   int    `json:"inserted"`
	Updated    int    `json:"updated"`
	Removed    int    `json:"removed"`
	// Restorable and VersionsLeft are not copied.
	Restorable   int `json:"restorable"`
	VersionsLeft int `json:"versionsLeftOut"`
	// DryRun means that nothing was compared or written: Same is false, and Inserted, Updated and Removed are 0.
	DryRun bool `json:"dryRun"`
}

// report prints the result for a tenant.
func (m *migration) report(r *migrate.Report) error {
	const unsettled = "the source changes faster than it can be copied: stop the daemons on it, and copy again"
	if m.json {
		if !r.Settled && !m.dryRun {
			m.say("tenant %s: %s", r.Tenant, unsettled)
		}
		return json.NewEncoder(m.stdout).Encode(migrated{
			r.Tenant, r.Memories, r.Bytes, r.Versions, r.Policy, r.Crystals, r.Lost, r.Signatures, hex.EncodeToString(r.Sum[:]), r.Settled, r.Inserted, r.Updated, r.Removed,
			r.Restorable, r.VersionsLeft, m.dryRun,
		})
	}
	verdict := "the same in both"
	switch {
	case m.dryRun:
		verdict = "nothing was written"
	case !r.Settled:
		verdict = unsettled
	}
	if r.Lost > 0 {
		verdict += fmt.Sprintf("; %d crystals of patterns without a live memory are not copied", r.Lost)
	}
	if r.Restorable > 0 {
		verdict += fmt.Sprintf("; %d removed memories that can still be restored are not copied", r.Restorable)
	}
	if r.VersionsLeft > 0 {
		verdict += fmt.Sprintf("; %d former versions of memories that have faded or were removed are not copied", r.VersionsLeft)
	}
	policy := "no policy of its own"
	if r.Policy {
		policy = "its own policy"
	}
	_, err := fmt.Fprintf(m.stdout, "%s: %d memories, %d bytes, %d former versions, %s, %d crystals of patterns, %d signatures of code, SHA-256 %x: %s (%d inserted, %d updated, %d removed)\n",
		r.Tenant, r.Memories, r.Bytes, r.Versions, policy, r.Crystals, r.Signatures, r.Sum, verdict, r.Inserted, r.Updated, r.Removed)
	return err
}

// copySource is a store to copy from. Its user closes it.
type copySource interface {
	migrate.Source
	Info() store.Info
	Clock() *clock.Clock
	Tenants(ctx context.Context) ([]string, error)
	Close() error
}

// openSource opens a store to copy from. It changes nothing in a data folder.
func openSource(ctx context.Context, place string) (copySource, error) {
	if isPostgres(place) {
		return openFor(ctx, place)
	}
	s, err := pebblestore.OpenReadOnly(place, &pebblestore.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, stopFirst(err)
	}
	return s, nil
}

// openFor opens the store at place, a data folder or the URL of a database.
func openFor(ctx context.Context, place string) (store.Store, error) {
	quiet := slog.New(slog.DiscardHandler) // errors are returned
	if isPostgres(place) {
		s, err := pgstore.Open(ctx, place, &pgstore.Options{Logger: quiet, Timeout: time.Minute, Search: store.SearchSettings{Off: true}}) // the daemon's settings decide
		if err != nil {
			return nil, err
		}
		return s, nil
	}
	s, err := pebblestore.Open(place, &pebblestore.Options{Logger: quiet})
	if err != nil {
		return nil, stopFirst(err)
	}
	return s, nil
}

// stopFirst adds the remedy to the error for a data folder that is in use.
func stopFirst(err error) error {
	if errors.Is(err, sigil.ErrLocked) {
		return fmt.Errorf("a daemon is using it; stop it first: %w", err)
	}
	return err
}
