package engine

import (
	"fmt"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/clock"
	"github.com/sigil-dna/sigil/store"
)

// ClockState compares the engine's time with its reference: the machine's clock or the database's.
type ClockState = clock.State

// Clock compares the engine's time with its reference. The result is the zero value if they agree, or if the caller
// has set [Options.Clock].
//
// After a jump of the reference that is not confirmed yet, time follows the machine's monotonic clock, and
// [Engine.Sweep] and [Engine.Trim] return an error. The engine's time never runs back: after a confirmed jump back it
// runs at half its pace until the reference has caught up, and sweeps release by the reference until then.
func (e *Engine) Clock() ClockState {
	if e.guard == nil {
		return ClockState{}
	}
	return e.guard.State()
}

// guardOf returns the store's own clock, or one that follows the machine's.
func guardOf(s store.Store, o *Options) *clock.Clock {
	if own := s.Clock(); own != nil {
		return own
	}
	return clock.NewMachine(clock.Options{Confirm: o.ClockConfirm, Logger: o.Logger})
}

// reference returns the confirmed time of the reference. It is never after now, and may run back. A deadline that has
// passed by the reference has passed by every clock.
func (e *Engine) reference() time.Time {
	now := e.now()
	if e.guard != nil {
		if t := time.UnixMilli(e.guard.Reference().UnixMilli()).UTC(); t.Before(now) {
			return t
		}
	}
	return now
}

// certain returns the time that decides what may be released for good, or an error if nothing may be released now.
func (e *Engine) certain() (time.Time, error) {
	if s := e.Clock(); s.Held {
		return time.Time{}, &sigil.Error{
			Kind: sigil.ErrUnavailable, Code: "clock_held",
			Detail: fmt.Sprintf("the clock has jumped by %s: nothing is released until it is back or the jump is confirmed", sigil.FormatDuration(s.Jump.Round(time.Second))),
		}
	}
	return e.reference(), nil
}
