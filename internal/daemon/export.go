package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/archive"
	"github.com/sigil-dna/sigil/internal/datadir"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

const exportHelp = `Write all memories to standard output, as JSON, one per line, with everything that sigil import needs to bring
them back as they were; with the former versions of those that were corrected, the policies that tenants have of their own,
the crystals of patterns and the signatures of code. The first line says what it is an export of. The last one has the
counts and a checksum: a file without it is cut off, and sigil import says so. Removed memories that can still be
restored are not written, but counted.

If a daemon is running on the data folder, it is asked, and goes on serving. Otherwise the folder is read, and nothing
in it is changed. A memory that is recalled, encoded or released during an export from a daemon may be in it as it
was before or after that. What was written is said on standard error at the end: in words, or with --json as an object.
--salvage writes the live memories, and nothing else; it counts the former versions that it leaves out.

Usage:
  sigil export [flags]

Examples:
  # All memories of the data folder, whether or not a daemon is running on it
  sigil export > memories.ndjson

  # One tenant of another daemon
  sigil export --addr memory.example:7370 --tenant acme > acme.ndjson

  # The intact memories of a damaged folder
  sigil export --salvage --data /var/lib/sigil > memories.ndjson

Exit codes: 0 if all was written, 1 if something is damaged or the command failed, 2 for wrong usage.

Flags:
`

// Export is `sigil export`. It writes the memories of a daemon, a data folder or a database, and returns the process's exit code.
func Export(ctx context.Context, args []string, stdout, stderr io.Writer, environ []string) int {
	o := &offline{name: "export", stdout: stdout, stderr: stderr}
	return o.run(args, environ, exportHelp, func() error { return o.export(ctx) })
}

// ExportFlags returns the flags of [Export], for showing them.
func ExportFlags() *pflag.FlagSet { return (&offline{name: "export"}).flags("") }

func (o *offline) exportFlags(f *pflag.FlagSet) {
	f.StringVar(&o.addr, "addr", "", "ask the daemon at this `address`")
	f.StringVar(&o.store, "store", "", "read a database: its `URL`, postgres://…")
	f.StringVar(&o.tenant, "tenant", "", "export only this `tenant`")
	f.BoolVar(&o.salvage, "salvage", false, "skip damaged records of the data folder, and report them")
	f.BoolVar(&o.json, "json", false, "print what was written as a JSON object")
}

// wrongFlags returns what is wrong with the flags together.
func (o *offline) wrongFlags(f *pflag.FlagSet) error {
	switch {
	case o.salvage && (o.addr != "" || o.store != "" || o.tenant != ""):
		return errors.New("--salvage reads all of a data folder: it goes with --data only")
	case f.Changed("data") && o.store != "":
		return errors.New("--data and --store cannot be combined: each names what is read")
	case o.addr != "" && o.store != "":
		return errors.New("--addr and --store cannot be combined")
	case o.store != "" && !isPostgres(o.store):
		return errors.New("--store must be the URL of a database, postgres://…; --data names a data folder")
	case o.tenant != "":
		return sigil.CheckTenant(o.tenant)
	}
	return nil
}

// exported is what an export reports, with --json as it is here.
type exported struct {
	Written    int `json:"written"` // memories
	Versions   int `json:"versions"`
	Policies   int `json:"policies"` // that tenants have of their own
	Crystals   int `json:"crystals"`
	Signatures int `json:"signatures"`
	Faded      int `json:"faded"`
	// Restorable is the number of removed memories that can still be restored, and VersionsLeftOut that of former versions of such memories, and of
	// those that have faded. None of them is written.
	Restorable      int `json:"restorable"`
	VersionsLeftOut int `json:"versionsLeftOut"`
	Problems        int `json:"problems"`
	// Content is the checksum of policies, memories and versions, and SHA256 that of the whole file before its last line.
	Content string `json:"content"`
	SHA256  string `json:"sha256"`
}

func (o *offline) export(ctx context.Context) error {
	switch {
	case o.salvage:
		return o.exportDamaged(ctx)
	case o.addr != "":
		return o.exportDaemon(ctx, o.addr)
	case o.store != "":
		s, err := openFor(ctx, o.store)
		if err != nil {
			return err
		}
		_, position, err := s.JournalBounds(ctx)
		if err == nil {
			err = o.exportStore(ctx, s, position, s.Clock().Now())
		}
		return errors.Join(err, s.Close())
	}
	s, err := pebblestore.OpenReadOnly(o.data, o.options())
	if errors.Is(err, sigil.ErrLocked) {
		if addr, err := os.ReadFile(filepath.Join(o.data, datadir.AddrFile)); err == nil {
			return o.exportDaemon(ctx, strings.TrimSpace(string(addr)))
		}
	}
	if err != nil {
		return err
	}
	return errors.Join(o.exportStore(ctx, s, s.Position(), time.Now()), s.Close())
}

// exportSource is a store that is exported: a database, or a data folder that is open for reading only.
type exportSource interface {
	engine.ExportSource
	store.VersionSource
	Info() store.Info
	Tenants(ctx context.Context) ([]string, error)
	TenantPolicies(ctx context.Context) ([]store.TenantPolicy, error)
	Removed(ctx context.Context, q store.RemovedQuery) (page []store.Removed, more bool, err error)
	TenantClocks(ctx context.Context) ([]store.TenantClock, error)
	Crystals(ctx context.Context, tenant string) ([]sigil.Crystal, error)
	Signatures(ctx context.Context, q store.SignatureQuery) (page []sigil.Signature, more bool, err error)
}

// begun writes the header of an export.
func (o *offline) begun(store sigil.ID, position uint64, now time.Time) (*archive.Writer, error) {
	return archive.NewWriter(o.stdout, archive.Head{Store: store, At: now, Position: position})
}

// ended writes the footer of an export and reports it.
func (o *offline) ended(w *archive.Writer, r exported) error {
	if err := w.Close(); err != nil {
		return err
	}
	r.Written, r.SHA256, r.Content = w.Memories(), w.SHA256(), w.Content()
	for _, c := range w.Counts() {
		r.Versions, r.Policies, r.Crystals, r.Signatures = r.Versions+c.Versions, r.Policies+c.Policies, r.Crystals+c.Crystals, r.Signatures+c.Signatures
	}
	if o.json {
		return json.NewEncoder(o.stderr).Encode(r)
	}
	o.say("wrote %d memories; %d more have faded; %d former versions, %d policies of tenants, %d crystals of patterns, %d signatures of code; SHA-256 %s",
		r.Written, r.Faded, r.Versions, r.Policies, r.Crystals, r.Signatures, r.SHA256)
	if o.salvage {
		if r.Restorable+r.VersionsLeftOut > 0 {
			o.say("left out %d removed memories that can still be restored, and %d former versions: --salvage writes live memories only", r.Restorable, r.VersionsLeftOut)
		}
		return nil
	}
	if r.Restorable > 0 {
		o.say("left out %d: removed memories that can still be restored; sigil restore brings them back, and the next export has them", r.Restorable)
	}
	if r.VersionsLeftOut > 0 {
		o.say("left out %d: former versions of memories that have faded or were removed", r.VersionsLeftOut)
	}
	return nil
}

// chosen returns those of all tenants that are exported.
func (o *offline) chosen(all []string) ([]string, error) {
	if o.tenant == "" {
		return all, nil
	}
	if !slices.Contains(all, o.tenant) {
		return nil, fmt.Errorf("there is no tenant %q", o.tenant)
	}
	return []string{o.tenant}, nil
}

// exportStore exports a store that is open here.
func (o *offline) exportStore(ctx context.Context, from exportSource, position uint64, now time.Time) error {
	all, err := engine.ReadTenants(ctx, from)
	if err != nil {
		return err
	}
	policies, err := from.TenantPolicies(ctx)
	if err != nil {
		return err
	}
	tenants, err := o.chosen(all)
	if err != nil {
		return err
	}
	w, err := o.begun(from.Info().ID, position, now)
	if err != nil {
		return err
	}
	r := exported{}
	for _, tenant := range tenants {
		for i := range policies {
			if p := &policies[i]; p.Tenant == tenant && p.Policy != nil {
				err = w.Write(archive.Policy, tenant, exportedPolicy{tenant, p.Policy.String()})
			}
		}
		if err == nil {
			err = r.tenant(ctx, from, w, tenant, now)
		}
		if err != nil {
			return errors.Join(err, w.Flush())
		}
	}
	return o.ended(w, r)
}

// tenant writes the lines of one tenant, after that of its policy.
func (r *exported) tenant(ctx context.Context, from exportSource, w *archive.Writer, tenant string, now time.Time) error {
	clock, err := clockOf(ctx, from, tenant)
	if err != nil {
		return err
	}
	q := store.Query{Tenant: tenant, Now: time.Unix(0, 0), Limit: exportPage, Bytes: exportBytes} // what has faded is listed, and counted
	for more := true; more; {
		var memories []engine.ExportedMemory
		var err error
		if memories, more, err = engine.ReadExport(ctx, from, q); err != nil {
			return err
		}
		for i := range memories {
			m := &memories[i]
			q.Before = m.ID
			if m.Meta = clock.Show(m.Meta, now); m.Due(now) { // no read returns it, swept or not
				r.Faded++
				continue
			}
			if err := w.Write(archive.Memory, tenant, shape.Exported(m)); err != nil {
				return err
			}
		}
	}
	if err := r.versions(ctx, from, w, &clock, now); err != nil {
		return err
	}
	crystals, err := from.Crystals(ctx, tenant)
	if err != nil {
		return err
	}
	for i := range crystals {
		if err := w.Write(archive.Crystal, tenant, shape.Crystal(&engine.Crystal{Crystal: crystals[i]})); err != nil {
			return err
		}
	}
	signed := store.SignatureQuery{Tenant: tenant, Limit: exportPage}
	for more := true; more; {
		var signatures []sigil.Signature
		if signatures, more, err = from.Signatures(ctx, signed); err != nil {
			return err
		}
		for i := range signatures {
			signed.Before = signatures[i].ID
			v, err := shape.Code(&signatures[i])
			if err != nil {
				return err
			}
			if err := w.Write(archive.Signature, tenant, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// clockOf returns the clock of a tenant, which never stood still if the store has none.
func clockOf(ctx context.Context, from exportSource, tenant string) (store.TenantClock, error) {
	clocks, err := from.TenantClocks(ctx)
	for i := range clocks {
		if clocks[i].Tenant == tenant {
			return clocks[i], err
		}
	}
	return store.TenantClock{Tenant: tenant}, err
}

// exportDaemon exports what the daemon at addr has.
func (o *offline) exportDaemon(ctx context.Context, addr string) error {
	c, err := o.client(addr, "")
	if err != nil {
		return err
	}
	defer c.CloseIdleConnections()
	all, err := c.Tenants(ctx)
	if err != nil {
		return err
	}
	tenants, err := o.chosen(all.Tenants)
	if err != nil {
		return err
	}
	w, err := o.begun(all.Store, all.Position, time.Now())
	if err != nil {
		return err
	}
	r := exported{}
	for _, tenant := range tenants {
		if err := o.exportTenant(ctx, addr, w, tenant, &r); err != nil {
			return errors.Join(err, w.Flush())
		}
	}
	return o.ended(w, r)
}

func (o *offline) client(addr, tenant string) (*client.Client, error) {
	return client.New(addr, &client.Options{Tenant: tenant, UserAgent: "sigil-export"})
}

// exportTenant writes the lines of one tenant of a daemon.
func (o *offline) exportTenant(ctx context.Context, addr string, w *archive.Writer, tenant string, r *exported) error {
	c, err := o.client(addr, tenant)
	if err != nil {
		return err
	}
	defer c.CloseIdleConnections()
	policy, err := c.Policy(ctx)
	if err == nil && policy.Own {
		err = w.Write(archive.Policy, tenant, exportedPolicy{tenant, policy.Policy})
	}
	if err != nil {
		return err
	}
	for m, err := range c.ExportAll(ctx) {
		if err != nil {
			return err
		}
		if err := w.Write(archive.Memory, tenant, m); err != nil {
			return err
		}
	}
	if err := r.daemonVersions(ctx, c, w, tenant); err != nil {
		return err
	}
	for crystal, err := range c.AllCrystals(ctx, client.CrystalQuery{Kind: sigil.CrystalOfPattern}) {
		if err != nil {
			return err
		}
		if err := w.Write(archive.Crystal, tenant, crystal); err != nil {
			return err
		}
	}
	for signature, err := range c.AllCodes(ctx, client.CodeQuery{}) {
		if err != nil {
			return err
		}
		if err := w.Write(archive.Signature, tenant, signature); err != nil {
			return err
		}
	}
	return nil
}

// exportDamaged exports the memories of a data folder that can still be read.
func (o *offline) exportDamaged(ctx context.Context) error {
	now := time.Now()
	w, err := o.begun(sigil.ID{}, 0, now) // which store it is may be damaged, too
	if err != nil {
		return err
	}
	r := exported{}
	found, err := pebblestore.Salvage(o.data, o.options(), func(m sigil.Memory, v store.Vector) error {
		if m.Due(now) {
			r.Faded++
			return ctx.Err()
		}
		return errors.Join(ctx.Err(), w.Write(archive.Memory, m.Tenant, shape.Exported(&engine.ExportedMemory{Memory: m, Vector: v})))
	})
	r.Problems = o.tell(found.Problems, found.Wrong)
	r.VersionsLeftOut, r.Restorable = found.Versions, found.Restorable
	if err != nil && w.Memories() == 0 {
		return err
	}
	if err != nil {
		return errors.Join(err, w.Flush())
	}
	if err := o.ended(w, r); err != nil {
		return err
	}
	if r.Problems > 0 {
		return errSaid
	}
	return nil
}
