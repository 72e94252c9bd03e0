package audit_test

import (
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/audit"
)

// TestFollowsUnderAnotherPolicy has a memory with a ttl that was encoded when its clock had stood still for a day, and was brought under another
// policy later, which is not journaled: its deadline is the end of its ttl by that clock.
func TestFollowsUnderAnotherPolicy(t *testing.T) {
	created := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	was := sigil.Meta{CreatedAt: created, LastAccessed: created, TTL: time.Hour, Policy: sigil.DefaultPolicy()}
	was.Reschedule()
	was.Noticed = true
	was = was.Shift(-24 * time.Hour)
	now := was
	var err error
	if now.Policy, err = sigil.WithActive(was.Policy, time.Hour); err != nil {
		t.Fatal(err)
	}
	if wrong := audit.Follows(now, was); wrong != "" {
		t.Errorf("a memory under another policy %s", wrong)
	}
	now.FadesAt = now.FadesAt.Add(time.Millisecond)
	if audit.Follows(now, was) == "" {
		t.Error("a wrong deadline is not found")
	}
}
