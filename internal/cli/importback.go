package cli

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/archive"
	"github.com/sigil-dna/sigil/internal/imports"
)

// broughtBack is the report of an import of an export, and what --json prints.
type broughtBack struct {
	Inserted  int `json:"inserted"`
	Same      int `json:"same"` // there already
	Faded     int `json:"faded"`
	Conflicts int `json:"conflicts"`
	Refused   int `json:"refused"`
	// OtherTenants are the lines of tenants that --tenant leaves out.
	OtherTenants int `json:"otherTenants"`
	// Superseded are memories that were corrected here since. They stay so.
	Superseded int `json:"superseded"`
	// Versions are the former versions that were inserted, VersionsSame those that were there already, and Detached those of memories that are not
	// here.
	Versions     int `json:"versions"`
	VersionsSame int `json:"versionsSame"`
	Detached     int `json:"detached"`
	// Policies are those of tenants that were set, and PoliciesSame those that were set already.
	Policies     int `json:"policies"`
	PoliciesSame int `json:"policiesSame"`
	// Signatures are those of code that are registered now.
	Signatures int `json:"signatures"`
	// Crystals are those of patterns in the export. The daemon derives them again.
	Crystals int    `json:"crystals"`
	DryRun   bool   `json:"dryRun"`
	Verified bool   `json:"verified"` // the checksum and the counts of the export are right
	Content  string `json:"content"`  // the checksum of its policies, memories and versions
	SHA256   string `json:"sha256"`
}

// bringer brings the memories of an export back as they were. Whatever it has done when it ends, it can be run again.
type bringer struct {
	app     *app
	tenant  string // the only one that is imported, or ""
	report  broughtBack
	clients map[string]*client.Client
	bar     *progress
	// absent are, in a dry run, the memories that would not be here after it. What they superseded would not either.
	absent map[sigil.ID]bool

	// pending are memories and former versions of one tenant that are not sent yet.
	pending struct {
		tenant  string
		lines   []json.RawMessage
		numbers []int
		kinds   []string
		bytes   int
	}
}

// export returns a reader of the export that a file or a stream is, or nil if it is none; then the stream is as it was. In a file
// everything is verified first.
func (i *inputs) export(max int) (*archive.Reader, error) {
	if i.file == nil {
		in := bufio.NewReaderSize(i.in, 64<<10)
		i.in = in
		if !archive.Begins(in) {
			return nil, nil
		}
		return archive.NewReader(in, max)
	}
	if info, err := i.file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, nil //nolint:nilerr // whoever reads it reports that
	}
	r, err := i.opened(max)
	if r == nil || err != nil {
		return nil, about(i.named, err)
	}
	for {
		if _, err := r.Next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, about(i.named, sigil.NewInvalid("invalid_export", "", err.Error()+"; nothing was imported"))
		}
	}
	return i.opened(max)
}

// opened returns a reader of the file from its beginning, or nil if that is no export. The file may be compressed.
func (i *inputs) opened(max int) (*archive.Reader, error) {
	if _, err := i.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	in := bufio.NewReader(i.file)
	if magic, _ := in.Peek(2); string(magic) == "\x1f\x8b" {
		plain, err := gzip.NewReader(in)
		if err != nil {
			return nil, nil //nolint:nilerr // whoever reads it reports that
		}
		in = bufio.NewReader(plain)
	}
	if !archive.Begins(in) {
		_, err := i.file.Seek(0, io.SeekStart)
		return nil, err
	}
	return archive.NewReader(in, max)
}

// onlyAsNew refuses flags that say what new memories are like: those of an export are as they were.
func onlyAsNew(cmd *cobra.Command) error {
	var names []string
	probe := &cobra.Command{}
	new(draftFlags).add(probe)
	probe.Flags().VisitAll(func(f *pflag.Flag) {
		if cmd.Flags().Changed(f.Name) {
			names = append(names, "--"+f.Name)
		}
	})
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return usageError("the memories of an export come back as they were: give " + list(names) + " only with --as-new")
}

func (a *app) importBack(ctx context.Context, r *archive.Reader, size int64, dryRun bool) error {
	b := &bringer{app: a, clients: map[string]*client.Client{}, absent: map[sigil.ID]bool{}, bar: a.newProgress(size)}
	b.report.DryRun = dryRun
	b.tenant, _ = a.setting(a.flags.tenant, "--tenant", "SIGIL_TENANT")
	defer func() {
		for _, c := range b.clients {
			c.CloseIdleConnections()
		}
	}()
	err := b.run(ctx, r)
	b.bar.end()
	b.report.Verified, b.report.SHA256, b.report.Content = err == nil, r.SHA256(), r.Content()
	if said := b.print(); err == nil {
		err = said
	}
	if err == nil && b.report.Conflicts+b.report.Refused > 0 {
		return exitError(exitRefused)
	}
	return err
}

func (b *bringer) run(ctx context.Context, r *archive.Reader) error {
	for {
		line, err := r.Next()
		if errors.Is(err, io.EOF) {
			return b.send(ctx)
		}
		if err != nil {
			return errors.Join(b.send(ctx), err) // what was read before is imported
		}
		b.bar.at(r.Read(), b.report.Inserted)
		switch {
		case b.tenant != "" && line.Tenant != b.tenant:
			b.report.OtherTenants++
		case line.Kind == archive.Crystal:
			b.report.Crystals++
		case line.Kind == archive.Signature:
			err = b.signature(ctx, &line)
		case line.Kind == archive.Policy:
			err = b.policy(ctx, &line)
		default:
			err = b.memory(ctx, &line)
		}
		if err != nil {
			return fmt.Errorf("stopped before line %d; run it again to go on: %w", line.Number, err)
		}
	}
}

// memory sends what is pending if a memory does not go with it, and keeps the memory.
func (b *bringer) memory(ctx context.Context, line *archive.Line) error {
	p := &b.pending
	if len(p.lines) > 0 && (p.tenant != line.Tenant || len(p.lines) == batchLines || p.bytes+len(line.Raw) > batchBytes) {
		if err := b.send(ctx); err != nil {
			return err
		}
	}
	p.tenant, p.lines, p.numbers, p.kinds = line.Tenant, append(p.lines, slices.Clone(line.Raw)), append(p.numbers, line.Number), append(p.kinds, line.Kind)
	p.bytes += len(line.Raw)
	return nil
}

// send imports what is pending.
func (b *bringer) send(ctx context.Context) error {
	p := &b.pending
	if len(p.lines) == 0 {
		return nil
	}
	c, err := b.client(p.tenant)
	if err != nil {
		return err
	}
	items, err := c.Import(ctx, p.lines, b.report.DryRun)
	if err != nil {
		return err
	}
	for i := range items {
		b.done(p.kinds[i], p.numbers[i], p.lines[i], &items[i])
	}
	p.lines, p.numbers, p.kinds, p.bytes = p.lines[:0], p.numbers[:0], p.kinds[:0], 0
	return nil
}

// refuse reports a line that was not imported.
func (b *bringer) refuse(line int, err error) {
	if e := (*client.Error)(nil); errors.As(err, &e) && (e.Problem.Code == "exists" || e.Problem.Code == "signature_exists") {
		b.report.Conflicts++
	} else {
		b.report.Refused++
	}
	b.bar.clear()
	b.app.complain(message(about(fmt.Sprintf("line %d", line), err)))
}

// signature registers a signature, and revokes it if it was revoked.
func (b *bringer) signature(ctx context.Context, line *archive.Line) error {
	var s client.CodeSignature
	if err := json.Unmarshal(line.Raw, &s); err != nil {
		b.refuse(line.Number, sigil.NewInvalid("invalid_signature", "", "is not a signature as sigil export writes it"))
		return nil
	}
	b.report.Signatures++
	if b.report.DryRun {
		return nil
	}
	c, err := b.client(line.Tenant)
	if err != nil {
		return err
	}
	r := client.CodeRegister{PublicKey: s.PublicKey, Detached: s.Detached}
	if s.Detached == "" {
		r.Header, r.Size, r.Blocks = s.Header, &s.Size, s.Blocks
	}
	kept, err := c.CodeRegister(ctx, r)
	if err == nil && s.RevokedAt != nil && kept.RevokedAt == nil {
		var hash sigil.Hash
		if n, decodeErr := hex.Decode(hash[:], []byte(kept.SHA256)); decodeErr != nil || n != len(hash) {
			return errors.New("the daemon answered with a hash that is none")
		}
		_, err = c.CodeRevoke(ctx, hash, kept.ID, s.Reason)
	}
	if refuses(err) {
		b.report.Signatures--
		b.refuse(line.Number, err)
		return nil
	}
	return err
}

// refuses reports whether an error is about what was sent, so that the rest can be.
func refuses(err error) bool {
	return errors.Is(err, sigil.ErrInvalid) || errors.Is(err, sigil.ErrConflict) || errors.Is(err, sigil.ErrFull) || errors.Is(err, sigil.ErrTooLarge)
}

func (b *bringer) client(tenant string) (*client.Client, error) {
	if c := b.clients[tenant]; c != nil {
		return c, nil
	}
	c, err := b.app.connect(tenant, "the tenant of a memory")
	if err == nil {
		b.clients[tenant] = c
	}
	return c, err
}

// print prints the report.
func (b *bringer) print() error {
	r := &b.report
	if b.app.flags.json {
		return b.app.json(r)
	}
	did, suffix := "inserted", ""
	if r.DryRun {
		did, suffix = "would insert", "; nothing was changed"
	}
	b.app.say("%s %d, there already %d, faded %d, conflicts %d, refused %d%s", did, r.Inserted, r.Same, r.Faded, r.Conflicts, r.Refused, suffix)
	b.printVersions()
	if r.OtherTenants > 0 {
		b.app.say("left out %d: of other tenants than the one of --tenant", r.OtherTenants)
	}
	if r.Signatures > 0 {
		b.app.say("note %d: signatures of code, which the registry has now", r.Signatures)
	}
	if r.Crystals > 0 {
		b.app.say("note %d: crystals of patterns, which the daemon derives again", r.Crystals)
	}
	if r.Verified {
		b.app.say("verified: counts and SHA-256 %s", r.SHA256)
	}
	return nil
}

// forRestore reports whether the flags let an export be brought back: --from may only name its format.
func (f *importFlags) forRestore() bool {
	return !f.asNew && (f.from == "" || f.from == string(imports.Sigil))
}
