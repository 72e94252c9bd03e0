package engine

import (
	"context"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Change changes tags, ttl, life and pin of one memory, all at once, and journals what is different then, in one entry. What
// is already as c says does not change; if nothing is different, nothing is journaled. A change is durable when Change
// returns. Content never changes.
//
// If another life is set, or the memory is unpinned, its idleness starts now, under the current policy: counted from the
// last access it might fade at once. Otherwise Change does not refresh it. A life that is removed takes with it what
// recalls under [sigil.FSRS] have added.
//
// Change returns [sigil.ErrInvalid] for a tag, ttl or life that a draft must not have, and for a ttl that would have ended
// already. For a memory that was corrected, it is [sigil.ErrGone] ("superseded").
func (e *Engine) Change(ctx context.Context, key sigil.Key, c sigil.Change) (m sigil.Memory, err error) {
	defer e.observe("change", 1)(&err)
	if err := e.checkChange(&c); err != nil {
		return m, err
	}
	e.use(ctx, key.Tenant)
	e.changes.Add(1)
	retagged := false
	amended, err := e.store.Amend(ctx, store.Amendment{Key: key, At: e.now()}, func(m *sigil.Memory) (*sigil.Event, error) {
		now := e.now()
		if m.Due(now) {
			return nil, sigil.NewNotFound()
		}
		changed, err := e.apply(&c, m, now)
		if err != nil || changed == 0 {
			return nil, err
		}
		retagged = changed&sigil.ChangedTags != 0
		return &sigil.Event{Time: now, Kind: sigil.Changed, Reason: sigil.ReasonRequest, Changed: changed, Memory: m.Meta}, nil
	})
	if by := e.embeds(); by != nil && retagged && err == nil { // tags are part of the text that the vector was made of
		by.Add(key)
	}
	return amended.Memory, e.gone(ctx, key, sigil.ErrGone, err)
}

// checkChange checks what does not depend on the memory, and rounds durations.
func (e *Engine) checkChange(c *sigil.Change) error {
	if c.Tags != nil {
		if err := e.checkTags(*c.Tags); err != nil {
			return err
		}
	}
	if err := checkSpan("ttl", &c.TTL); err != nil {
		return err
	}
	return checkSpan("life", &c.Life)
}

// checkSpan checks a ttl or a life, if it is set, and rounds it up to a millisecond.
func checkSpan(field string, d **time.Duration) error {
	if *d == nil {
		return nil
	}
	if **d < 0 || **d > sigil.MaxTTL {
		return sigil.NewInvalid("invalid_"+field, field, "must be over 0 and at most 100 years")
	}
	whole := wholeMillis(**d)
	*d = &whole
	return nil
}

// apply makes c of m at now, and returns what is different then.
func (e *Engine) apply(c *sigil.Change, m *sigil.Memory, now time.Time) (changed sigil.ChangedFields, err error) {
	policy, touch := e.policyFor(&m.Meta), false
	if c.Tags != nil && !slices.Equal(*c.Tags, m.Tags) {
		m.Tags, changed = slices.Clone(*c.Tags), changed|sigil.ChangedTags
	}
	if c.TTL != nil && *c.TTL != m.TTL {
		if *c.TTL != 0 && !now.Before(m.CreatedAt.Add(*c.TTL)) {
			return 0, sigil.NewInvalid("invalid_ttl", "ttl", "would have ended already, since it counts from createdAt: give a longer one, or forget the memory")
		}
		m.TTL, changed = *c.TTL, changed|sigil.ChangedTTL
	}
	if c.Life != nil && stretchFor(m.Policy, *c.Life) != m.Stretch {
		m.Stretch, changed, touch = stretchFor(policy, *c.Life), changed|sigil.ChangedLife, true
	}
	if c.Pinned != nil && *c.Pinned != m.Pinned {
		m.Pinned, changed = *c.Pinned, changed|sigil.ChangedPinned
		touch = touch || !m.Pinned
	}
	switch {
	case touch:
		m.Touch(policy, now)
	case changed != 0:
		m.Reschedule()
	}
	return changed, nil
}

// stretchFor returns the stretch of a memory that has a life, or none if life is 0.
func stretchFor(p sigil.Policy, life time.Duration) float64 {
	if life == 0 {
		return 0
	}
	return sigil.StretchFor(p, life)
}
