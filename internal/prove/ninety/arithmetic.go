package ninety

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
)

// never is the deadline of a memory that has none.
const never = math.MaxInt64

// most is the longest life, a hundred years, in milliseconds.
const most = 100 * 365 * 24 * 3600 * 1000.0

// curve is a policy as this package computes it: from the formulas of docs/spec.md, without code of the root package.
// Times are in milliseconds.
type curve struct {
	number int          // its index among the policies of a tenant
	policy sigil.Policy // what the engine is given; nothing is computed with it
	kind   string
	// figures by the names that the text of a policy has: h, s, d, rate, period, threshold, grace, floor, active.
	figures map[string]float64
}

func newCurve(t *testing.T, number int, text string) *curve {
	t.Helper()
	p, err := sigil.ParsePolicy(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	words := strings.Fields(text)
	c := &curve{number: number, policy: p, kind: words[0], figures: map[string]float64{}}
	for _, w := range words[1:] {
		name, value, _ := strings.Cut(w, "=")
		if d, err := time.ParseDuration(value); err == nil {
			c.figures[name] = float64(d.Milliseconds())
		} else if c.figures[name], err = strconv.ParseFloat(value, 64); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return c
}

// factor is F of power and fsrs: 0.9^(−1/d) − 1.
func (c *curve) factor() float64 { return math.Pow(0.9, -1/c.figures["d"]) - 1 }

// lifetime returns how long a memory lives untouched without a stretch, a grace or a floor.
func (c *curve) lifetime() float64 {
	f := c.figures
	switch c.kind {
	case "classic":
		p := f["period"] / 1000
		return (math.Sqrt(p*p+8*p*f["threshold"]/f["rate"]) - p) / 2 * 1000
	case "halflife":
		return f["h"] * math.Log(1/(1-f["threshold"])) / math.Ln2
	default:
		return f["s"] / c.factor() * (math.Pow(f["threshold"], -1/f["d"]) - 1)
	}
}

// decayed returns the decay after an idle time, without grace and floor.
func (c *curve) decayed(idle, stretch float64) float64 {
	f, t := c.figures, math.Max(0, idle)/stretched(stretch)
	switch c.kind {
	case "classic":
		t, p := t/1000, f["period"]/1000
		return math.Min(1, f["rate"]*t*(t+p)/(2*p))
	case "halflife":
		return 1 - math.Pow(0.5, t/f["h"])
	default:
		return 1 - math.Pow(1+c.factor()*t/f["s"], -f["d"])
	}
}

// threshold returns the decay at which a memory fades.
func (c *curve) threshold() float64 {
	if c.kind == "power" || c.kind == "fsrs" {
		return 1 - c.figures["threshold"]
	}
	return c.figures["threshold"]
}

// life returns how long a memory lives untouched, in whole milliseconds, or never. edge reports that the unrounded life is
// so near to where rounding changes that another order of the same operations may come to the next millisecond.
func (c *curve) life(stretch float64) (ms int64, edge bool) {
	if floor := c.figures["floor"]; floor > 0 && 1-floor <= c.threshold() {
		return never, false
	}
	exact := c.lifetime() - 1e-5 // a lifetime of whole milliseconds is not rounded up
	if stretch != 0 {
		exact = c.lifetime()*stretch - 1e-3
		edge = math.Abs(exact-math.Round(exact)) < 1e-4+exact*4e-15
		exact = math.Min(math.Max(exact, 1), most)
	}
	return max(int64(math.Ceil(exact)), int64(c.figures["grace"])), edge
}

// growth returns by what a recall under fsrs multiplies the stability.
func (c *curve) growth(stretch float64, idle int64, recalls uint64) float64 {
	const day = 24 * 3600 * 1000
	was := c.figures["s"] / day * stretched(stretch)
	if was >= 36500 {
		return 1
	}
	s := math.Max(was, 0.001)
	grown := math.Max(1, math.Exp(0.5425*0.0912)/math.Pow(s, 0.0658))
	if idle >= day {
		d3, d4 := 6.4133-math.Exp(2*0.8334)+1, 6.4133-math.Exp(3*0.8334)+1
		d := math.Max(1, d4+math.Pow(0.999, float64(recalls))*(d3-d4))
		r := 1 - c.decayed(float64(idle), stretch)
		grown = 1 + math.Exp(1.8722)*(11-d)/math.Pow(s, 0.1666)*(math.Exp(0.796*(1-r))-1)
	}
	return math.Min(grown, 36500/was)
}

func stretched(stretch float64) float64 {
	if stretch == 0 {
		return 1
	}
	return stretch
}

// near reports whether two numbers are equal up to rounding.
func near(a, b, part float64) bool { return math.Abs(a-b) <= part*math.Max(math.Abs(a), math.Abs(b)) }

// deadline returns when m fades, or never, for how long the clock of its tenant has stood still since it was touched, and whether its life is
// at an edge of rounding. While the clock stands still, that is the deadline which m has if the tenant is used now; but what
// passed before the clock stopped has passed.
func (m *memory) deadline() (at, stands int64, edge bool) {
	c := m.clock
	if at, edge = m.when(c.stood); at <= c.stops || c.shown == c.stood {
		return at, c.stood - m.stood, edge
	}
	at, edge = m.when(c.shown)
	return at, c.shown - m.stood, edge
}

// when returns when m fades, or never, if the clock of its tenant has stood still for that long in all, and whether its life is at
// an edge of rounding.
func (m *memory) when(stood int64) (at int64, edge bool) {
	at = never
	if !m.pinned && !m.crystallized {
		var life int64
		if life, edge = m.curve.life(m.stretch); life != never {
			at = m.touched + stood - m.stood + life + m.rounded
		}
	}
	if m.ttl > 0 && m.created+m.ttl <= at {
		return m.created + m.ttl, false
	}
	return at, edge
}

// reason returns why m is due.
func (m *memory) reason() string {
	if m.ttl > 0 && m.fades == m.created+m.ttl {
		return "ttl"
	}
	return "decay"
}
