package scheduler

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/netresearch/go-cron"
)

// horizon is how many years ahead to search for a tick. The rarest schedule, a given weekday on the 29th of February,
// can have 40 years between two ticks (across 2100, which is not a leap year).
const horizon = 41

// maxMissed limits the ticks counted one by one after a gap: a clock that starts in 1970 and is then set right has
// billions behind it.
const maxMissed = 100_000

const allHours = 1<<24 - 1

// A schedule says when a job is due. It is immutable.
type schedule struct {
	loc      *time.Location     // of the ticks
	every    time.Duration      // > 0: a fixed pace, without a calendar
	calendar *cron.SpecSchedule // what a clock in loc must show, as if that were UTC
}

// parse reads spec, whose times are in loc unless it names a zone. It refuses a schedule that does not fire after now.
func parse(spec string, loc *time.Location, now time.Time) (schedule, error) {
	// go-cron would take it for "no zone given", so that it would mean loc and not, as it reads, the zone of the
	// machine.
	if strings.HasPrefix(spec, "TZ=Local ") || strings.HasPrefix(spec, "CRON_TZ=Local ") {
		return schedule{}, errors.New(`"Local" is not the name of a time zone`)
	}
	parser, err := cron.TryNewParser(cron.Second | cron.Minute | cron.Hour |
		cron.Dom | cron.Month | cron.Dow | cron.Descriptor | cron.Extended)
	if err != nil {
		return schedule{}, err
	}
	parsed, err := parser.WithMaxSearchYears(horizon).Parse(spec)
	if err != nil {
		return schedule{}, explain(parser, spec, err)
	}
	switch parsed := parsed.(type) {
	case cron.ConstantDelaySchedule:
		// go-cron silently drops a fraction of a second.
		asked, err := time.ParseDuration(spec[strings.LastIndex(spec, " ")+1:])
		if err != nil || asked != parsed.Delay {
			return schedule{}, errors.New("the duration after @every must be whole seconds")
		}
		return schedule{every: parsed.Delay, loc: loc}, nil
	case *cron.SpecSchedule:
		return calendar(*parsed, loc, now)
	default:
		return schedule{}, fmt.Errorf("unexpected schedule %T", parsed)
	}
}

// fields are the names of the fields of a schedule, and what each may contain.
var fields = [6][2]string{
	{"second", "0-59"},
	{"minute", "0-59"},
	{"hour", "0-23"},
	{"day of month", "1-31, L (the last), L-3 (three days before it), 15W (the weekday nearest to the 15th) or LW (the last weekday)"},
	{"month", "1-12 or JAN-DEC"},
	{"day of week", "0-7 or SUN-SAT, 1#2 (the second Monday) or FRI#L (the last Friday)"},
}

// explain returns an error that names the field for which the parser refuses spec, or err if no single field is at
// fault.
func explain(parser cron.Parser, spec string, err error) error {
	words := strings.Fields(spec)
	if len(words) > 0 && (strings.HasPrefix(words[0], "TZ=") || strings.HasPrefix(words[0], "CRON_TZ=")) {
		words = words[1:]
	}
	if len(words) == 0 || strings.HasPrefix(words[0], "@") || len(spec) > cron.MaxSpecLength {
		return err
	}
	if len(words) != len(fields) {
		hint := ""
		if len(words) == len(fields)-1 {
			hint = ": a crontab has no seconds, put 0 in front"
		}
		return fmt.Errorf("a schedule has 6 fields, seconds first; this one has %d%s", len(words), hint)
	}
	for i, field := range fields {
		alone := strings.Fields("* * * * * *")
		alone[i] = words[i]
		if _, bad := parser.Parse(strings.Join(alone, " ")); bad != nil {
			return fmt.Errorf("the %s %q cannot be read: it may be %s, a list, a range or a step of these, or *", field[0], words[i], field[1])
		}
	}
	return err
}

func calendar(c cron.SpecSchedule, loc *time.Location, now time.Time) (schedule, error) {
	// A field such as "," is read as having no value, and a search would try every second until the horizon.
	if c.Second == 0 || c.Minute == 0 || c.Hour == 0 || c.Month == 0 ||
		c.Dom == 0 && len(c.DomConstraints) == 0 || c.Dow == 0 && len(c.DowConstraints) == 0 {
		return schedule{}, errors.New("a field is empty")
	}
	if c.Location != time.Local {
		loc = c.Location
	}
	c.Location = time.UTC
	s := schedule{calendar: &c, loc: loc}
	if s.next(now).IsZero() {
		return schedule{}, errors.New("it never fires")
	}
	return s, nil
}

// next returns the first tick after the given time, on a whole second. It is never zero for a schedule that parse
// accepted.
//
// The time zones are handled here because go-cron, given a zone, fires twice in a repeated hour, loses a skipped
// midnight, and never returns from a skipped day. Between two changes of its offset a zone is as regular as UTC, so
// go-cron computes in UTC, one such span at a time.
func (s schedule) next(after time.Time) time.Time {
	after = after.Truncate(time.Second)
	if s.every > 0 {
		return after.Add(s.every)
	}
	keepsPace := s.calendar.Hour&allHours == allHours
	for t := after.Add(time.Second); ; {
		in := spanAt(t, s.loc)
		from := t.Add(in.offset) // what the clock shows at t
		switch {
		case keepsPace:
		case in.shift > 0 && t.Equal(in.start):
			from = from.Add(-in.shift) // what was skipped is due now
		case in.shift < 0:
			repeated := in.start.Add(in.offset - in.shift)
			if from.Before(repeated) {
				from = repeated
			}
		}
		shown := s.calendar.Next(from.Add(-time.Second))
		if shown.IsZero() {
			return time.Time{}
		}
		tick := shown.Add(-in.offset)
		if tick.Before(t) {
			tick = t
		}
		if in.end.IsZero() || tick.Before(in.end) {
			return tick.In(s.loc)
		}
		t = in.end
	}
}

// advance returns the first tick that is after the given one and not before now, and how many ticks (at most maxMissed)
// lie between the two.
func (s schedule) advance(tick, now time.Time) (next time.Time, missed uint64) {
	next = s.next(tick)
	for next.Before(now) {
		if missed++; missed == maxMissed {
			return s.next(now.Add(-1)), missed
		}
		next = s.next(next)
	}
	return next, missed
}

// A span is a period of time in which a zone keeps its offset from UTC.
type span struct {
	start, end time.Time // [start, end); zero: unbounded
	offset     time.Duration
	shift      time.Duration // how far the clocks were set forward at start
}

func spanAt(t time.Time, loc *time.Location) span {
	t = t.In(loc)
	start, end := t.ZoneBounds()
	if !end.IsZero() && !end.After(t) {
		// Beyond the table of a zone, Go 1.26 ends a leap year a day early: on its last day, end is before t.
		const day = 24 * time.Hour
		end = t.Truncate(day).Add(day)
	}
	s := span{start: start, end: end, offset: offset(t)}
	if !start.IsZero() {
		s.shift = s.offset - offset(start.Add(-1))
	}
	return s
}

func offset(t time.Time) time.Duration {
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second
}
