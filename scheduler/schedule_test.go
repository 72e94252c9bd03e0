package scheduler_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/scheduler"
)

func TestValidate(t *testing.T) {
	good := []string{
		"*/5 * * * * *", "0 0 3 * * *", "0 0 0 29 2 *", "0 0 0 29 2 MON", "0 0 22-2 * * FRI-MON",
		"@every 5s", "@hourly", "@daily", "@yearly",
		"TZ=Europe/Zurich 0 0 3 * * *", "CRON_TZ=UTC 0 0 3 * * *", "TZ=Asia/Tokyo @every 1m",
		"TZ=America/New_York 0 0 0 29 2 MON", // far enough to meet every kind of year
		"0 0 3 L * *", "0 0 3 L-3 * *", "0 0 3 15W * *", "0 0 3 LW * *", "0 0 3 1,15,L * *",
		"0 0 3 * * 1#2", "0 0 3 * * FRI#L", "0 0 3 * * MON,FRI#3", "0 0 3 L * FRI",
	}
	for _, spec := range good {
		if err := scheduler.Validate(spec); err != nil {
			t.Errorf("Validate(%q): %v", spec, err)
		}
	}
	bad := map[string]string{ // spec: what the error says
		"":                                 "empty",
		" ":                                "6 fields",
		"* * * * *":                        "6 fields",
		"* * * * * * *":                    "6 fields",
		"60 * * * * *":                     `the second "60" cannot be read: it may be 0-59`,
		"0 0 0 32 * *":                     `the day of month "32"`,
		"0 0 0 W * *":                      `the day of month "W"`,
		"0 0 0 L-31 * *":                   "L-3 (three days before it)",
		"0 0 0 * * 1#6":                    `the day of week "1#6"`,
		"0 0 0 * * 5L":                     "FRI#L (the last Friday)",
		"TZ=UTC 0 0 0 * FOO *":             `the month "FOO" cannot be read: it may be 1-12 or JAN-DEC`,
		"0 3 * * *":                        "put 0 in front",
		"0 0 0 L-30 2 *":                   "never fires",
		", * * * * *":                      "empty",
		"0 0 0 , * *":                      "empty",
		"0 0 0 30 2 *":                     "never fires",
		"TZ=America/New_York 0 0 0 31 4 *": "never fires",
		"@every 0s":                        "at least",
		"@every -5s":                       "at least",
		"@every 1500ms":                    "whole seconds",
		"@every soon":                      "soon",
		"@reboot":                          "@reboot",
		"TZ=":                              "TZ=",
		"TZ=UTC":                           "TZ=UTC",
		"TZ= * * * * * *":                  "timezone",
		"TZ=Nowhere/Land * * * * * *":      "Nowhere/Land",
		"CRON_TZ=../etc * * * * * *":       "timezone",
		"TZ=Local * * * * * *":             "Local",
		"H * * * * *":                      `the second "H"`,
		strings.Repeat("*", 2000):          "long",
	}
	for spec, says := range bad {
		err := scheduler.Validate(spec)
		if !errors.Is(err, scheduler.ErrInvalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("Validate(%q) = %v, want ErrInvalid about %q", spec, err, says)
		}
	}
}

func FuzzValidate(f *testing.F) {
	for _, spec := range []string{
		"*/5 * * * * *", "0 0 0 29 2 MON", "0 0 0 30 2 *", ", , , , , ,", "@every 5s", "@every 1500ms",
		"TZ=Pacific/Apia 0 0 12 30 12 *", "CRON_TZ=America/Santiago 0 0 0 * * *", "TZ=", "TZ=UTC",
		"TZ=Local 0 0 0 * * *", "TZ=America/New_York 0 0 0 29 2 MON", "0-59/7,3 22-2 */2 ? JAN-MAR 7", "@yearly", "H H H H H H", "0 0 0 L * 5#3",
	} {
		f.Add(spec)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		err := scheduler.Validate(spec)
		if err != nil && !errors.Is(err, scheduler.ErrInvalid) {
			t.Errorf("Validate(%q) = %v, want ErrInvalid", spec, err)
		}
		if added := scheduler.New(nil).Add("a", spec, nothing); (added == nil) != (err == nil) {
			t.Errorf("Validate(%q) = %v, but Add = %v", spec, err, added)
		}
	})
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestDaylightSaving(t *testing.T) {
	tests := []struct {
		name, zone, spec string
		day              string // and the one before and after it
		want             []string
	}{
		{
			"skipped hour", "America/New_York", "0 30 2 * * *", "2024-03-10",
			[]string{"09 02:30 EST", "10 03:00 EDT", "11 02:30 EDT"},
		},
		{
			"many in a skipped hour", "America/New_York", "0 */20 2 * * *", "2024-03-10",
			[]string{
				"09 02:00 EST", "09 02:20 EST", "09 02:40 EST", "10 03:00 EDT",
				"11 02:00 EDT", "11 02:20 EDT", "11 02:40 EDT",
			},
		},
		{
			"skipped and after", "America/New_York", "0 0 2,3 * * *", "2024-03-10",
			[]string{"09 02:00 EST", "09 03:00 EST", "10 03:00 EDT", "11 02:00 EDT", "11 03:00 EDT"},
		},
		{
			"repeated hour", "America/New_York", "0 30 1 * * *", "2024-11-03",
			[]string{"02 01:30 EDT", "03 01:30 EDT", "04 01:30 EST"},
		},
		{
			"after the repeated hour", "America/New_York", "0 0 2 * * *", "2024-11-03",
			[]string{"02 02:00 EDT", "03 02:00 EST", "04 02:00 EST"},
		},
		{
			"skipped midnight", "America/Santiago", "@daily", "2024-09-08",
			[]string{"07 00:00 -04", "08 01:00 -03", "09 00:00 -03"},
		},
		{
			"day before a skipped midnight", "America/Santiago", "0 0 22 * * SAT", "2024-09-08",
			[]string{"07 22:00 -04"},
		},
		{
			"skipped half hour", "Australia/Lord_Howe", "0 15 2 * * *", "2024-10-06",
			[]string{"05 02:15 +1030", "06 02:30 +11", "07 02:15 +11"},
		},
		{
			"repeated half hour", "Australia/Lord_Howe", "0 45 1 * * *", "2024-04-07",
			[]string{"06 01:45 +11", "07 01:45 +11", "08 01:45 +1030"},
		},
		{
			"skipped day", "Pacific/Apia", "0 0 12 30 12 *", "2011-12-30",
			[]string{"31 00:00 +14"},
		},
		{
			"keeps its pace, skipped", "America/New_York", "0 0 * 10 3 *", "2024-03-10",
			func() (h []string) {
				for _, at := range strings.Fields("00 01 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23") {
					h = append(h, "10 "+at+":00 "+map[bool]string{true: "EST", false: "EDT"}[at < "02"])
				}
				return h
			}(),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			loc := zone(t, tt.zone)
			day, err := time.ParseInLocation(time.DateOnly, tt.day, time.UTC)
			if err != nil {
				t.Fatal(err)
			}
			midnight := func(days int) time.Time {
				y, m, d := day.AddDate(0, 0, days).Date()
				return time.Date(y, m, d, 0, 0, 0, 0, loc)
			}
			ticks, err := scheduler.Ticks(tt.spec, loc, midnight(-1).Add(-time.Second), midnight(2))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, tick := range ticks {
				got = append(got, tick.Format("02 15:04 MST"))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// The rule of the package comment, applied to every quarter of an hour, finds
// the same ticks as the scheduler in years full of changes.
func TestTicksAgainstTheRule(t *testing.T) {
	const step = 15 * time.Minute
	specs := []struct {
		spec      string
		keepsPace bool
		due       func(at time.Time) bool // at: what the clock shows, as UTC
	}{
		{"0 */30 * * * *", true, func(at time.Time) bool { return at.Minute()%30 == 0 }},
		{"0 15,45 1-2 * * *", false, func(at time.Time) bool {
			return at.Minute()%30 == 15 && (at.Hour() == 1 || at.Hour() == 2)
		}},
		{"0 0 23,0 * * *", false, func(at time.Time) bool {
			return at.Minute() == 0 && (at.Hour() == 23 || at.Hour() == 0)
		}},
		{"0 30 */2 * * SUN", false, func(at time.Time) bool {
			return at.Minute() == 30 && at.Hour()%2 == 0 && at.Weekday() == time.Sunday
		}},
	}
	tests := []struct {
		zone string
		year int
	}{
		{"America/New_York", 2024},
		{"America/Santiago", 2024},
		{"Australia/Lord_Howe", 2024},
		{"Africa/Casablanca", 2024},
		{"Asia/Beirut", 2024},
		{"Europe/Dublin", 2024},
		{"Asia/Kathmandu", 2024},
		{"Pacific/Apia", 2011},
		{"UTC", 2024},
		{"America/New_York", 2040},
		{"Australia/Lord_Howe", 2040}, // a leap year beyond the table
	}
	for _, in := range tests {
		loc := zone(t, in.zone)
		from := time.Date(in.year, 1, 1, 0, 0, 0, 0, time.UTC)
		to := from.AddDate(1, 0, 1)
		var shown []time.Time
		for at := from.Add(-step); at.Before(to); at = at.Add(step) {
			shown = append(shown, clock(at, loc))
		}
		for _, tt := range specs {
			got, err := scheduler.Ticks(tt.spec, loc, from.Add(-time.Second), to)
			if err != nil {
				t.Fatal(err)
			}
			var want []time.Time
			latest := shown[0]
			for i, now := range shown[1:] {
				due := tt.due(now)
				if !tt.keepsPace {
					due = due && now.After(latest)
					for skipped := shown[i].Add(step); skipped.Before(now); skipped = skipped.Add(step) {
						due = due || tt.due(skipped)
					}
				}
				if due {
					want = append(want, from.Add(time.Duration(i)*step))
				}
				if now.After(latest) {
					latest = now
				}
			}
			if !slices.EqualFunc(got, want, time.Time.Equal) {
				t.Errorf("%s in %d, %q: %d ticks, want %d", in.zone, in.year, tt.spec, len(got), len(want))
			}
		}
	}
}

// clock returns what a clock in loc shows at t, as a time in UTC.
func clock(t time.Time, loc *time.Location) time.Time {
	_, offset := t.In(loc).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}
