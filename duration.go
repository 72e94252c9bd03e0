package sigil

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// maxNumber is the largest number that [FormatDuration] puts before a unit other than days.
const maxNumber = 99

// FormatDuration returns d as flags, the wire and logs write it: the shortest of the forms in days, hours,
// minutes and seconds in which only the days are over 99, such as "7d", "36h", "90m", "1h40m" or "1.5s". Less than
// a second is in ms, µs or ns, and nothing is "0s". [ParseDuration] reads exactly d back.
func FormatDuration(d time.Duration) string {
	size, sign := uint64(d), ""
	if d < 0 {
		size, sign = -size, "-"
	}
	if size < uint64(time.Second) {
		return d.String()
	}
	var buffers [2][40]byte
	best, form := buffers[0][:0], buffers[1][:0]
	for first := range units {
		if n := size / units[first].size; n == 0 || n > maxNumber && first > 0 {
			continue
		}
		form = appendUnits(append(form[:0], sign...), size, first)
		if len(best) == 0 || len(form) < len(best) {
			best, form = form, best
		}
	}
	return string(best)
}

// units are the units of a second and more, longest first.
var units = [...]struct {
	size uint64
	name byte
}{{uint64(day), 'd'}, {uint64(time.Hour), 'h'}, {uint64(time.Minute), 'm'}, {uint64(time.Second), 's'}}

// appendUnits appends size nanoseconds in the units from first on, leaving out units that are zero.
func appendUnits(b []byte, size uint64, first int) []byte {
	for _, u := range units[first:] {
		n, rest := size/u.size, size%u.size
		if fraction := u.name == 's' && rest > 0; n > 0 || fraction {
			b = strconv.AppendUint(b, n, 10)
			if fraction {
				digits := strconv.FormatUint(u.size+rest, 10)[1:] // with its leading zeros
				b = append(append(b, '.'), strings.TrimRight(digits, "0")...)
			}
			b = append(b, u.name)
		}
		size = rest
	}
	return b
}

var errDuration = errors.New(`not a duration such as "90s", "36h", "7d" or "1d12h"`)

// ParseDuration reads what [time.ParseDuration] reads, and days of 24 hours before it: "90s", "7d", "1.5d", "1d12h". A
// sign applies to the whole. If there are more days than a duration can hold, it returns the longest duration of that
// sign and an error that is [strconv.ErrRange].
func ParseDuration(s string) (time.Duration, error) {
	days, rest, found := strings.Cut(s, "d")
	if !found {
		d, err := time.ParseDuration(s)
		if err != nil {
			return 0, errDuration
		}
		return d, nil
	}
	sign := ""
	if days != "" && (days[0] == '-' || days[0] == '+') {
		sign, days = days[:1], days[1:]
	}
	n, err := strconv.ParseFloat(days, 64)
	if strings.Trim(days, "0123456789.") != "" || err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, errDuration
	}
	more := time.Duration(0)
	if rest != "" {
		if rest[0] == '-' || rest[0] == '+' {
			return 0, errDuration
		}
		// With the sign, because the minimum duration has no positive counterpart.
		if more, err = time.ParseDuration(sign + rest); err != nil {
			return 0, errDuration
		}
	}
	longest, negative := time.Duration(math.MaxInt64), sign == "-"
	if negative {
		n, longest = -n, math.MinInt64
	}
	nanoseconds := math.Round(n * float64(day)) // exact for whole days
	if math.Abs(nanoseconds) < math.MaxInt64 {
		whole := time.Duration(nanoseconds)
		if sum := whole + more; negative && sum <= whole || !negative && sum >= whole {
			return sum, nil
		}
	}
	return longest, fmt.Errorf("a duration of more than 106751 days: %w", strconv.ErrRange)
}
