package cli

import (
	"errors"
	"time"

	"github.com/sigil-dna/sigil"
)

const day = 24 * time.Hour

// duration is the value of a flag that [sigil.ParseDuration] reads.
type duration time.Duration

func (d *duration) Type() string   { return "duration" }
func (d *duration) String() string { return sigil.FormatDuration(time.Duration(*d)) }

func (d *duration) Set(s string) error {
	v, err := sigil.ParseDuration(s)
	if err != nil {
		return errors.New(`must be a duration such as "90s", "36h", "7d" or "1d12h"`)
	}
	*d = duration(v)
	return nil
}

// span formats a duration for people, rounded to two units if it is long: "95s", "3h20m", "6d4h".
func span(d time.Duration) string {
	if d > 0 && d < time.Second {
		return "under 1s"
	}
	d = d.Round(time.Second)
	if d.Abs() >= time.Hour {
		d = d.Round(time.Minute)
	}
	if d.Abs() >= day {
		d = d.Round(time.Hour)
	}
	return sigil.FormatDuration(d)
}

// shortly formats a duration of an answer, such as "30d6h5m2.112s", for people.
func shortly(text string) string {
	d, err := sigil.ParseDuration(text)
	if err != nil {
		return escape(text)
	}
	return span(d)
}

// took formats how long something took, with three digits.
func took(d time.Duration) string {
	for unit := time.Duration(1); ; unit *= 10 {
		if d < 1000*unit {
			return sigil.FormatDuration(d.Round(unit))
		}
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
