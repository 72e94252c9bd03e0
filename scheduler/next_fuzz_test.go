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

// drawSchedule gives a schedule and, for each field, the values that it admits.
func drawSchedule(r *rand.Rand) (spec string, admits [6][]bool) {
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
	return strings.Join(texts[:], " "), admits
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
		spec, admits := drawSchedule(r)
		got, err := scheduler.Ticks(spec, loc, from, from.Add(window))
		if err != nil && !strings.Contains(err.Error(), "never fires") {
			t.Fatalf("%q: %v", spec, err)
		}
		var want []time.Time
		due := func(at time.Time) bool {
			for i, v := range [6]int{at.Second(), at.Minute(), at.Hour(), at.Day(), int(at.Month()), int(at.Weekday())} {
				if !admits[i][v] {
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
