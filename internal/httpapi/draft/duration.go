package draft

import (
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/canon"
)

// maxTTL keeps a deadline within the range of a duration and a calendar.
const maxTTL = 100 * 365 * 24 * time.Hour

// readTTL reads a ttl or a life: a duration ("90s", "36h", "7d", "1d12h"), a number of seconds, or null for none. Answers
// show a duration as [sigil.FormatDuration] writes it.
func readTTL(field string, raw []byte) (time.Duration, error) {
	var d time.Duration
	var ok bool
	switch jsontext.Value(raw).Kind() {
	case 'n':
		return 0, nil
	case '"':
		var s string
		if s, ok = canon.String(raw); ok {
			d, ok = Duration(s)
		}
	case '0':
		d, ok = Seconds(string(raw))
	}
	if !ok {
		return 0, sigil.NewInvalid("invalid_"+field, field, `must be a duration such as "90s", "36h" or "7d", or a number of seconds`)
	}
	if d <= 0 || d > maxTTL {
		return 0, sigil.NewInvalid("invalid_"+field, field, "must be over 0 and at most 36500d")
	}
	return d, nil
}

// Seconds reads a number of seconds. A number over the maximum becomes a duration over maxTTL, and any number
// over 0 at least a nanosecond, since 0 would mean no ttl.
func Seconds(s string) (time.Duration, bool) {
	seconds, err := strconv.ParseFloat(s, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) && seconds > 0 || seconds > maxTTL.Seconds():
		return maxTTL + 1, true
	case err != nil:
		return 0, false
	case seconds > 0:
		return max(1, time.Duration(math.Round(seconds*float64(time.Second)))), true
	}
	return 0, true
}

// Duration reads a duration. A number of days that no duration can hold becomes one over maxTTL: it is out of
// range.
func Duration(s string) (time.Duration, bool) {
	d, err := sigil.ParseDuration(s)
	return d, err == nil || errors.Is(err, strconv.ErrRange)
}
