package migrate

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Plan reads everything of a tenant that [Tenant] would copy, and writes nothing. The report is that of a first copy to a store
// without the tenant, with the same counts and checksum, as long as the source does not change; but nothing is inserted or settled.
func Plan(ctx context.Context, from Source, tenant string, now func() time.Time) (Report, error) {
	r := Report{Tenant: tenant}
	p := &pass{from: from, tenant: tenant, now: now(), report: &r, sum: sha256.New()}
	if _, err := p.readClock(ctx); err != nil {
		return r, err
	}
	for _, part := range []func(context.Context) error{p.planMemories, p.planVersions, p.planCrystals, p.planPolicy, p.planSignatures, p.restorable} {
		if err := part(ctx); err != nil {
			return r, err
		}
	}
	r.Sum = [sha256.Size]byte(p.sum.Sum(nil))
	return r, nil
}

func (p *pass) planMemories(ctx context.Context) error {
	p.groups = map[int]bool{}
	theirs := walker{store: p.from, pass: p}
	for {
		m, err := theirs.peek(ctx)
		if err != nil || m == nil {
			return err
		}
		p.count(m, theirs.vector())
		p.groups[m.Frequency.Pattern()] = true
		theirs.next()
	}
}

func (p *pass) planVersions(ctx context.Context) (err error) {
	p.report.VersionsLeft, err = p.eachVersion(ctx, p.from, func(v *store.Version) error {
		p.report.Versions++
		p.sum.Write(encodedVersion(v))
		return nil
	})
	return err
}

func (p *pass) planCrystals(ctx context.Context) error {
	theirs, err := p.from.Crystals(ctx, p.tenant)
	if err != nil {
		return err
	}
	all := len(theirs)
	theirs = slices.DeleteFunc(theirs, func(c sigil.Crystal) bool { return !p.groups[c.Pattern] })
	p.report.Crystals, p.report.Lost = len(theirs), all-len(theirs)
	b, err := json.Marshal(theirs)
	p.sum.Write(b)
	return err
}

func (p *pass) planPolicy(ctx context.Context) error {
	_, err := p.readPolicy(ctx)
	return err
}

func (p *pass) planSignatures(ctx context.Context) error {
	return p.eachSignature(ctx, p.countSignature)
}
