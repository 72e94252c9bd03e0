package sigil_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
)

// FuzzParse reads any text as a policy, an id, a tenant's name and a state. What is accepted can be written and read
// again as the same, and keeps its promises; what is refused is ErrInvalid about a field.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"", "classic", "halflife h=168h threshold=0.95", "classic rate=1e-9 period=1m threshold=1", "classic rate=0x1p-3 period=1ns",
		"halflife h=1ns threshold=0.9999999999999999", "classic threshold=5e-324", "halflife h=100000h threshold=1e-300", "classic rate=NaN",
		"power", "power s=1ns d=1 threshold=1e-9", "fsrs s=4d d=0.1542 threshold=0.9", "power d=1e-3", "fsrs grace=1d floor=0.6", "halflife grace=36500d floor=0.05",
		"classic floor=-0 grace=1ns",
		"01890a5d-ac96-774b-bcce-b302099a8057", "{1890a5d-ac96-774b-bcce-b302099a805}", "urn:uuid:", "public", "a.b_c-9", "-a", "ä",
		`{"phi":1,"coherence":0,"x":[1e400]}`, `{"phi":1.0000000000000001}`, `{"phi":-0}`, `{"Phi":2}`, `{"phi":null}`, `null`, `{"":{}}`,
		`{"x":"\ud800","y":1}`, ` {"awareness" : 1e-400 } `,
	} {
		f.Add(text, int64(time.Minute))
	}
	f.Fuzz(func(t *testing.T, text string, idle int64) {
		p, err := sigil.ParsePolicy(text)
		if taken(t, text, err) {
			if again, err := sigil.ParsePolicy(p.String()); err != nil || again != p {
				t.Errorf("%v is read back as %v, %v", p, again, err)
			}
			holds(t, p, time.Duration(idle))
		}
		id, err := sigil.ParseID(text)
		if taken(t, text, err) && id.String() != strings.ToLower(text) {
			t.Errorf("%q is read as the id %s", text, id)
		}
		if taken(t, text, sigil.CheckTenant(text)) && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != "" {
			t.Errorf("%q is accepted as a tenant", text)
		}
		var s sigil.State
		if taken(t, text, s.UnmarshalJSON([]byte(text))) {
			b, err := json.Marshal(s)
			var again sigil.State
			if err != nil || again.UnmarshalJSON(b) != nil || !reflect.DeepEqual(compact(s), compact(again)) {
				t.Errorf("the state %q is read as %+v, written as %s, %v", text, s, b, err)
			}
			if p := s.Potential(); !(p >= 0 && p <= 1) {
				t.Errorf("%q has potential %v", text, p)
			}
			if _, err := json.Marshal(s.Lattice()); err != nil {
				t.Errorf("%q has no lattice: %v", text, err)
			}
		}
	})
}

// taken reports whether err is nil; otherwise it must be ErrInvalid about a field.
func taken(t *testing.T, text string, err error) bool {
	t.Helper()
	var e *sigil.Error
	if err != nil && (!errors.Is(err, sigil.ErrInvalid) || !errors.As(err, &e) || e.Field == "" || e.Code == "") {
		t.Errorf("%q: %v names no field", text, err)
	}
	return err == nil
}

// holds checks a policy for what every policy promises.
func holds(t *testing.T, p sigil.Policy, idle time.Duration) {
	t.Helper()
	life := p.Lifetime()
	if life == sigil.Never {
		if d := p.Decay(idle); !(d >= 0 && d <= p.Threshold()) || !sigil.Deadline(p, time.UnixMilli(1)).IsZero() {
			t.Errorf("%v never fades, but has decay %v after %v", p, d, idle)
		}
		return
	}
	if life < time.Millisecond || life > sigil.MaxTTL+time.Millisecond {
		t.Errorf("%v lives for %v", p, life)
	}
	if d := p.Decay(life); d < p.Threshold() {
		t.Errorf("%v has decay %v after its life", p, d)
	}
	if d, later := p.Decay(idle), p.Decay(idle/2+life); !(d >= 0 && d <= 1) || idle <= life && idle >= 0 && later < d {
		t.Errorf("%v has decay %v after %v, %v after %v", p, d, idle, later, idle/2+life)
	}
	last := time.UnixMilli(1_764_000_000_000)
	if by := sigil.Deadline(p, last).Sub(last); by < life || by-life >= time.Millisecond {
		t.Errorf("%v lives for %v and its deadline is after %v", p, life, by)
	}
}

// compact returns s with its extra values as encoding/json writes them.
func compact(s sigil.State) sigil.State {
	extra := map[string]any{}
	for name, raw := range s.Extra {
		var v any
		dec := json.NewDecoder(strings.NewReader(string(raw)))
		dec.UseNumber()
		if dec.Decode(&v) == nil {
			extra[name] = v
		}
	}
	s.Extra = nil
	for name, v := range extra {
		if s.Extra == nil {
			s.Extra = map[string]json.RawMessage{}
		}
		s.Extra[name], _ = json.Marshal(v)
	}
	return s
}
