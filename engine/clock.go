package engine

import (
	"fmt"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/clock"
	"github.com/sigil-dna/sigil/store"
)

// ClockState is how the engine's time stands to its reference, the machine's clock or the database's.
type ClockState = clock.State

// Clock returns how the engine's time stands to its reference. It is the zero value if all is well, and if the clock is
// the caller's ([Options.Clock]).
//
// While the reference has jumped and is not believed yet, time goes on by the machine's monotonic clock, and
// [Engine.Sweep] and [Engine.Trim] are refused. The engine's time never runs back: after a jump back that has stood it
// runs at half its pace until its reference has caught up, and sweeps release by the reference meanwhile.
func (e *Engine) Clock() ClockState {
	if e.guard == nil {
		return ClockState{}
	}
	return e.guard.State()
}

// guardOf returns the clock of a store, or one over the machine's.
func guardOf(s store.Store, o *Options) *clock.Clock {
	if own, ok := s.(interface{ Clock() *clock.Clock }); ok {
		return own.Clock()
	}
	return clock.NewMachine(clock.Options{Confirm: o.ClockConfirm, Logger: o.Logger})
}

// reference returns the time that the reference shows, as far as it is believed. It is not after now, and may run back:
// what is past its deadline by it is so by every clock.
func (e *Engine) reference() time.Time {
	now := e.now()
	if e.guard != nil {
		if t := time.UnixMilli(e.guard.Reference().UnixMilli()).UTC(); t.Before(now) {
			return t
		}
	}
	return now
}

// certain returns the time by which something may be let go of for good, or why nothing may be.
func (e *Engine) certain() (time.Time, error) {
	if s := e.Clock(); s.Held {
		return time.Time{}, &sigil.Error{
			Kind: sigil.ErrUnavailable, Code: "clock_held",
			Detail: fmt.Sprintf("the clock has jumped by %s: nothing is released until it is back, or has stood so for a while", s.Jump.Round(time.Second)),
		}
	}
	return e.reference(), nil
}
