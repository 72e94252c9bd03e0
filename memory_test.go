package sigil_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
)

var encodedAt = time.Date(2026, 3, 1, 12, 0, 0, 123e6, time.UTC)

// plain is a memory of the default policy, encoded at encodedAt.
func plain(change func(m *sigil.Meta)) sigil.Meta {
	m := sigil.Meta{
		Key: sigil.Key{Tenant: "public", ID: sigil.NewID(encodedAt)}, Potential: 0.5,
		CreatedAt: encodedAt, LastAccessed: encodedAt, Policy: sigil.DefaultClassic(),
	}
	if change != nil {
		change(&m)
	}
	m.Reschedule()
	return m
}

func TestDeadlineRules(t *testing.T) {
	after := func(d time.Duration) time.Time { return encodedAt.Add(d) }
	for name, tt := range map[string]struct {
		change func(m *sigil.Meta)
		want   time.Time // zero: never
		reason string
	}{
		"plain":                      {nil, after(95 * time.Second), sigil.ReasonDecay},
		"pinned":                     {func(m *sigil.Meta) { m.Pinned = true }, time.Time{}, ""},
		"crystallized":               {func(m *sigil.Meta) { m.Crystallized = true }, time.Time{}, ""},
		"ttl before decay":           {func(m *sigil.Meta) { m.TTL = time.Second }, after(time.Second), sigil.ReasonTTL},
		"ttl after decay":            {func(m *sigil.Meta) { m.TTL = time.Hour }, after(95 * time.Second), sigil.ReasonDecay},
		"ttl with decay":             {func(m *sigil.Meta) { m.TTL = 95 * time.Second }, after(95 * time.Second), sigil.ReasonTTL},
		"ttl beats pinned":           {func(m *sigil.Meta) { m.TTL, m.Pinned = time.Hour, true }, after(time.Hour), sigil.ReasonTTL},
		"ttl beats crystallized":     {func(m *sigil.Meta) { m.TTL, m.Crystallized = time.Hour, true }, after(time.Hour), sigil.ReasonTTL},
		"ttl counts from the encode": {func(m *sigil.Meta) { m.TTL, m.LastAccessed = time.Hour, after(59*time.Minute) }, after(time.Hour), sigil.ReasonTTL},
		"recalled":                   {func(m *sigil.Meta) { m.LastAccessed = after(time.Minute) }, after(155 * time.Second), sigil.ReasonDecay},
		"parts of a millisecond":     {func(m *sigil.Meta) { m.TTL = time.Microsecond }, after(time.Millisecond), sigil.ReasonTTL},
	} {
		t.Run(name, func(t *testing.T) {
			m := plain(tt.change)
			if !m.FadesAt.Equal(tt.want) {
				t.Fatalf("fades at %v, want %v", m.FadesAt, tt.want)
			}
			if tt.want.IsZero() {
				if m.Due(encodedAt.Add(1e6 * time.Hour)) {
					t.Error("due, though it never fades")
				}
				return
			}
			if got := m.FadeReason(); got != tt.reason {
				t.Errorf("reason %q, want %q", got, tt.reason)
			}
			if m.Due(tt.want.Add(-1)) || !m.Due(tt.want) || !m.Due(tt.want.Add(1)) {
				t.Error("due at another time than its deadline")
			}
		})
	}
}

func TestTouchStartsIdlenessAgain(t *testing.T) {
	m := plain(nil)
	now := encodedAt.Add(time.Minute)
	if d := m.Decay(now); d < 0.38 || d > 0.4 {
		t.Errorf("decay before: %v", d)
	}
	m.Touch(sigil.DefaultClassic(), now)
	if m.Decay(now) != 0 || !m.LastAccessed.Equal(now) || !m.FadesAt.Equal(now.Add(95*time.Second)) {
		t.Errorf("after: decay %v, last accessed %v, fades at %v", m.Decay(now), m.LastAccessed, m.FadesAt)
	}
}

func TestTouchDoesNotRunBack(t *testing.T) {
	m := plain(nil)
	m.Touch(sigil.DefaultClassic(), encodedAt.Add(-time.Hour))
	if !m.LastAccessed.Equal(encodedAt) || !m.FadesAt.Equal(encodedAt.Add(95*time.Second)) || m.Decay(encodedAt.Add(-time.Hour)) != 0 {
		t.Errorf("last accessed %v, fades at %v", m.LastAccessed, m.FadesAt)
	}
}

func TestTouchTakesThePolicyInForce(t *testing.T) {
	m := plain(nil)
	p, err := sigil.NewHalfLife(time.Hour, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	m.Touch(p, encodedAt)
	if m.Policy != sigil.Policy(p) || !m.FadesAt.Equal(encodedAt.Add(time.Hour)) {
		t.Errorf("policy %v, fades at %v", m.Policy, m.FadesAt)
	}
}

func TestCheckTenant(t *testing.T) {
	for _, name := range []string{"public", "a", "Z9", "9.a-b_c", "a..", strings.Repeat("a", 64)} {
		if err := sigil.CheckTenant(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"", ".a", "-a", "_a", "a/b", "a b", "a\x00", "\u00e4", "a\n", strings.Repeat("a", 65)} {
		wantInvalid(t, name, sigil.CheckTenant(name), "invalid_tenant", "tenant")
	}
}

func TestIDsSortByTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Int64Range(0, 1<<48-2).Draw(t, "a")
		b := rapid.Int64Range(a+1, 1<<48-1).Draw(t, "b")
		// Made in the other order, so that only the time decides.
		younger, older := sigil.NewID(time.UnixMilli(b)), sigil.NewID(time.UnixMilli(a))
		if bytes.Compare(older[:], younger[:]) >= 0 {
			t.Errorf("%v of %d ms is not before %v of %d ms", older, a, younger, b)
		}
		if older.Version() != 7 || older.Variant().String() != "RFC4122" {
			t.Errorf("%v is no UUID version 7", older)
		}
	})
}

// TestIDsRise checks that ids sort in the order in which they are made, up to 4,096 in one millisecond, while the clock
// stands still.
func TestIDsRise(t *testing.T) {
	at := time.UnixMilli(1_764_000_000_000)
	var last sigil.ID
	for i := range 3 * 4096 {
		id := sigil.NewID(at.Add(time.Duration(i/4096) * time.Millisecond))
		if bytes.Compare(last[:], id[:]) >= 0 {
			t.Fatalf("the %d. id %v is not after %v", i+1, id, last)
		}
		last = id
	}
	seen := map[sigil.ID]bool{}
	for range 10_000 { // more than there are numbers in a millisecond
		seen[sigil.NewID(at)] = true
	}
	if len(seen) != 10_000 {
		t.Errorf("%d ids of 10,000", len(seen))
	}
}

func TestParseID(t *testing.T) {
	id := sigil.NewID(encodedAt)
	if got, err := sigil.ParseID(id.String()); err != nil || got != id {
		t.Errorf("%v is read back as %v, %v", id, got, err)
	}
	for _, s := range []string{"", "x", id.String()[1:], "{" + id.String() + "}", "urn:uuid:" + id.String(), strings.ReplaceAll(id.String(), "-", "")} {
		_, err := sigil.ParseID(s)
		wantInvalid(t, s, err, "invalid_id", "id")
	}
}

// TestWarnings: FadesBeforeTTL reports whether an untouched memory fades before its ttl ends.
func TestFadesBeforeTTL(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(m *sigil.Meta)
		want   bool
	}{
		"no ttl":       {nil, false},
		"shorter":      {func(m *sigil.Meta) { m.TTL = 94 * time.Second }, false},
		"as long":      {func(m *sigil.Meta) { m.TTL = 95 * time.Second }, false},
		"longer":       {func(m *sigil.Meta) { m.TTL = 95*time.Second + time.Millisecond }, true},
		"pinned":       {func(m *sigil.Meta) { m.TTL, m.Pinned = 168*time.Hour, true }, false},
		"crystallized": {func(m *sigil.Meta) { m.TTL, m.Crystallized = 168*time.Hour, true }, false},
		"lives longer": {func(m *sigil.Meta) {
			m.TTL = 168 * time.Hour
			m.Policy, _ = sigil.NewHalfLife(168*time.Hour, 0.95)
		}, false},
	} {
		m := plain(tt.change)
		if got := m.FadesBeforeTTL(); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
