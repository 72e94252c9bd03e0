package scheduler_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/scheduler"
)

// fields of a schedule: the least and the greatest value of each.
var fields = [6][2]int{{0, 59}, {0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 6}}

var fuzzedZones = []string{
	"UTC", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Kwajalein",
}

// drawSchedule returns a schedule and, for each field, the values that it admits. special, if not nil, admits
// further days by where they lie in their month.
func drawSchedule(r *rand.Rand) (spec string, admits [6][]bool, special func(time.Time) bool) {
	var texts [6]string
	for i, bounds := range fields {
		least, most := bounds[0], bounds[1]
		admits[i] = make([]bool, most+1)
		admit := func(from, to, step int) {
			for v := from; v <= to; v += step {
				admits[i][v] = true
			}
		}
		value := func() int { return least + r.IntN(most-least+1) }
		switch r.IntN(5) {
		case 0, 1:
			texts[i] = "*"
			admit(least, most, 1)
		case 2:
			step := 1 + r.IntN(most-least)
			texts[i] = fmt.Sprintf("*/%d", step)
			admit(least, most, step)
		case 3:
			from := value()
			to := from + r.IntN(most-from+1)
			step := 1
			texts[i] = fmt.Sprintf("%d-%d", from, to)
			if to-from > 1 { // a step must be less than the range
				step += r.IntN(to - from - 1)
				texts[i] += fmt.Sprintf("/%d", step)
			}
			admit(from, to, step)
		default:
			var list []string
			for range 1 + r.IntN(3) {
				v := value()
				list = append(list, fmt.Sprint(v))
				admit(v, v, 1)
			}
			texts[i] = strings.Join(list, ",")
		}
	}
	if r.IntN(3) == 0 {
		texts[3], special = drawDay(r)
		clear(admits[3])
	}
	return strings.Join(texts[:], " "), admits, special
}

// drawDay returns a day of month that depends on the month, and the days it means.
func drawDay(r *rand.Rand) (text string, means func(time.Time) bool) {
	last := func(t time.Time) int { return time.Date(t.Year(), t.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day() }
	weekday := func(t time.Time, day int) bool { // t is the weekday nearest to day
		best, least := 0, 32
		for d := 1; d <= last(t); d++ {
			switch time.Date(t.Year(), t.Month(), d, 0, 0, 0, 0, time.UTC).Weekday() {
			case time.Saturday, time.Sunday:
			default:
				if far := max(d-day, day-d); far < least {
					best, least = d, far
				}
			}
		}
		return day <= last(t) && t.Day() == best
	}
	n := 1 + r.IntN(28)
	switch r.IntN(4) {
	case 0:
		return "L", func(t time.Time) bool { return t.Day() == last(t) }
	case 1:
		return fmt.Sprintf("L-%d", n), func(t time.Time) bool { return t.Day() == last(t)-n }
	case 2:
		return fmt.Sprintf("%dW", n), func(t time.Time) bool { return weekday(t, n) }
	default:
		return "LW", func(t time.Time) bool { return weekday(t, last(t)) }
	}
}

// TestDaysOfAMonth compares days that depend on the month, over 28 years, with those computed from their rule.
func TestDaysOfAMonth(t *testing.T) {
	from := time.Date(2023, 12, 31, 12, 0, 0, 0, time.UTC)
	to := from.AddDate(28, 0, 0)
	check := func(spec string, means func(time.Time) bool) {
		t.Helper()
		got, err := scheduler.Ticks(spec, time.UTC, from, to)
		if err != nil && !strings.Contains(err.Error(), "never fires") { // a weekday is never a Sunday
			t.Fatalf("%q: %v", spec, err)
		}
		var want []time.Time
		for day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC); day.Before(to); day = day.AddDate(0, 0, 1) {
			if means(day) {
				want = append(want, day)
			}
		}
		if !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("%q: %d ticks, want %d\n%v\n%v", spec, len(got), len(want), head(got), head(want))
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		text, means := drawDay(r)
		check("0 0 0 "+text+" * *", means)
		weekday := time.Weekday(r.IntN(7))
		check(fmt.Sprintf("0 0 0 %s * %d", text, weekday), func(day time.Time) bool { return means(day) && day.Weekday() == weekday })
		nth := 1 + r.IntN(5)
		check(fmt.Sprintf("0 0 0 * * %d#%d", weekday, nth), func(day time.Time) bool { return day.Weekday() == weekday && (day.Day()-1)/7 == nth-1 })
		check(fmt.Sprintf("0 0 0 * * %d#L", weekday), func(day time.Time) bool {
			return day.Weekday() == weekday && day.AddDate(0, 0, 7).Month() != day.Month()
		})
	}
}

// FuzzNext compares the ticks of a window with those that the rule of the package comment gives, applied
// to every second of it.
func FuzzNext(f *testing.F) {
	f.Add(uint64(1), int64(1_710_000_000), uint8(1), true)
	f.Add(uint64(2), int64(1_725_000_000), uint8(2), true)
	f.Add(uint64(3), int64(1_325_000_000), uint8(4), true)
	f.Add(uint64(4), int64(1_735_600_000), uint8(0), false)
	f.Add(uint64(5), int64(745_800_000), uint8(7), true)
	f.Add(uint64(6), int64(2_235_500_000), uint8(3), true)
	f.Add(uint64(7), int64(1_700_000_000), uint8(5), true)
	f.Fuzz(func(t *testing.T, seed uint64, unix int64, in uint8, atChange bool) {
		const (
			window   = 2 * time.Hour
			lookBack = 3 * time.Hour // more than any of the zones sets its clocks back
		)
		first, last := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
		if unix < first || unix > last {
			unix = first + int64(uint64(unix)%uint64(last-first))
		}
		r := rand.New(rand.NewPCG(seed, 0))
		loc := zone(t, fuzzedZones[int(in)%len(fuzzedZones)])
		from := time.Unix(unix, 0)
		if _, end := from.In(loc).ZoneBounds(); atChange && !end.IsZero() {
			from = end.Add(-window / 2)
		}
		spec, admits, special := drawSchedule(r)
		got, err := scheduler.Ticks(spec, loc, from, from.Add(window))
		if err != nil && !strings.Contains(err.Error(), "never fires") {
			t.Fatalf("%q: %v", spec, err)
		}
		var want []time.Time
		due := func(at time.Time) bool {
			for i, v := range [6]int{at.Second(), at.Minute(), at.Hour(), at.Day(), int(at.Month()), int(at.Weekday())} {
				if !admits[i][v] && (i != 3 || special == nil || !special(at)) {
					return false
				}
			}
			return true
		}
		keepsPace := !slices.Contains(admits[2], false)
		var offset time.Duration // good until changes
		changes := from.Add(-lookBack)
		latest, before := clock(changes, loc), time.Time{}
		for now := changes; now.Before(from.Add(window)); now = now.Add(time.Second) {
			if !now.Before(changes) {
				offset = clock(now, loc).Sub(now.UTC())
				if _, changes = now.In(loc).ZoneBounds(); !changes.After(now) { // none, or wrong: look again soon
					changes = now.Add(time.Minute)
				}
			}
			shown := now.UTC().Add(offset)
			fires := now.After(from) && due(shown)
			if !keepsPace && now.After(from) {
				fires = fires && shown.After(latest)
				for skipped := before.Add(time.Second); !before.IsZero() && skipped.Before(shown) && !fires; skipped = skipped.Add(time.Second) {
					fires = due(skipped)
				}
			}
			if fires {
				want = append(want, now)
			}
			if shown.After(latest) {
				latest = shown
			}
			before = shown
		}
		if !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("%q in %s from %v: %d ticks, want %d\n%v\n%v", spec, loc, from, len(got), len(want), head(got), head(want))
		}
	})
}

func head(ticks []time.Time) []time.Time { return ticks[:min(len(ticks), 4)] }
