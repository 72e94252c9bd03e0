package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/archive"
)

// done counts the result for a line of a memory or a former version.
func (b *bringer) done(kind string, number int, line json.RawMessage, item *client.ImportItem) {
	r := &b.report
	inserted, same := &r.Inserted, &r.Same
	if kind == archive.Former {
		inserted, same = &r.Versions, &r.VersionsSame
	}
	outcome := item.Outcome
	if b.report.DryRun && b.isAbsent(kind, line, outcome) && outcome == "inserted" {
		outcome = "detached"
	}
	switch outcome {
	case "inserted":
		*inserted++
	case "same":
		*same++
	case "superseded":
		r.Superseded++
	case "faded":
		r.Faded++
	case "detached":
		r.Detached++
	default:
		b.refuse(number, client.ImportError(*item))
	}
}

// isAbsent reports whether the memory of a line would not be here after a dry run, and remembers that.
func (b *bringer) isAbsent(kind string, line json.RawMessage, outcome string) bool {
	var is struct {
		ID           sigil.ID `json:"id"`
		SupersededBy sigil.ID `json:"supersededBy"`
	}
	if json.Unmarshal(line, &is) != nil {
		return false // it was refused
	}
	switch outcome {
	case "same", "superseded":
		return false
	case "inserted":
		if kind == archive.Memory || !b.absent[is.SupersededBy] {
			return false
		}
	}
	b.absent[is.ID] = true
	return true
}

// policy sets the policy that a tenant has of its own, unless it has one already, or memories that are here would fade at once by it.
func (b *bringer) policy(ctx context.Context, line *archive.Line) error {
	var exported struct {
		Policy string `json:"policy"`
	}
	if err := json.Unmarshal(line.Raw, &exported); err != nil {
		b.refuse(line.Number, sigil.NewInvalid("invalid_policy", "policy", "is not a policy as sigil export writes it"))
		return nil
	}
	c, err := b.client(line.Tenant)
	if err != nil {
		return err
	}
	here, err := c.Policy(ctx)
	switch {
	case err != nil:
		return err
	case here.Own && here.Policy == exported.Policy:
		b.report.PoliciesSame++
		return nil
	case here.Own:
		b.conflict(line.Number, fmt.Sprintf("the tenant %s has another policy here, %s, which stays; `sigil policy set` changes it", line.Tenant, here.Policy))
		return nil
	}
	try, err := c.SetPolicy(ctx, exported.Policy, true)
	if e := try.Effect; err == nil && e != nil && e.Fading.Now > e.Present.Now {
		b.conflict(line.Number, fmt.Sprintf("by the policy %s, %d memories that the tenant %s has here would fade at once; it is not set: see `sigil policy set --dry-run`",
			exported.Policy, e.Fading.Now-e.Present.Now, line.Tenant))
		return nil
	}
	if err == nil && !b.report.DryRun {
		_, err = c.SetPolicy(ctx, exported.Policy, false)
	}
	if refuses(err) {
		b.refuse(line.Number, err)
		return nil
	}
	if err == nil {
		b.report.Policies++
	}
	return err
}

// conflict reports a line whose place is taken here.
func (b *bringer) conflict(line int, text string) {
	b.report.Conflicts++
	b.bar.clear()
	b.app.complain(fmt.Sprintf("line %d: %s", line, text))
}

// printVersions prints the parts of the report about former versions and policies.
func (b *bringer) printVersions() {
	r := &b.report
	did, set := "inserted", "set"
	if r.DryRun {
		did, set = "would insert", "would set"
	}
	if r.Versions+r.VersionsSame+r.Detached > 0 {
		b.app.say("former versions: %s %d, there already %d", did, r.Versions, r.VersionsSame)
	}
	if r.Detached > 0 {
		b.app.say("left out %d: former versions of memories that are not here", r.Detached)
	}
	if r.Superseded > 0 {
		b.app.say("left out %d: memories that were corrected here since, and stay so", r.Superseded)
	}
	if r.Policies+r.PoliciesSame > 0 {
		b.app.say("policies of tenants: %s %d, set already %d", set, r.Policies, r.PoliciesSame)
	}
}
