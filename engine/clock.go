package engine

import (
	"context"
	"errors"
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
// [Engine.Sweep] and [Engine.Trim] return an error. A jump is confirmed by lasting for [Options.ClockConfirm], or by
// [Engine.ConfirmClock]. The engine's time never runs back: after a confirmed jump back it
// runs at half its pace until the reference has caught up, and sweeps release by the reference until then.
func (e *Engine) Clock() ClockState {
	if e.guard == nil {
		return ClockState{}
	}
	return e.guard.State()
}

// ConfirmClock confirms what the reference shows now, on an operator's word, and reports whether there was something to
// confirm. Time then follows the reference, and what is due by it may be released. It concerns this engine, and all that
// share the clock of its store in this process.
func (e *Engine) ConfirmClock() bool { return e.guard != nil && e.guard.Confirm() }

// DoubtClock has sweeps and trims drop nothing for good until the reference has gone on without a jump for
// [Options.ClockConfirm], or [Engine.ConfirmClock] is called: no removed memory, no idempotent answer, no journal entry. With
// hold, sweeps release nothing either. It is for the start of a process, when nothing that the store knows shows that the
// reference is right: it may be ahead of the truth by ahead, or behind it. Time follows the reference meanwhile. If the caller has
// set [Options.Clock], DoubtClock does nothing.
func (e *Engine) DoubtClock(ahead time.Duration, hold bool) {
	if e.guard != nil {
		e.guard.Doubt(ahead, hold)
	}
}

// early reports whether m, which is past its deadline at due, got that deadline from a time that was too early: it was
// last touched during a jump forward that was confirmed later. By the time as it is known now, m is not due. early then
// corrects the figures of m.
func (e *Engine) early(m *sigil.Meta, due time.Time) bool {
	if e.guard == nil {
		return false
	}
	then := *m
	then.LastAccessed = time.UnixMilli(e.guard.Since(m.LastAccessed).UnixMilli()).UTC()
	if !then.LastAccessed.After(m.LastAccessed) {
		return false
	}
	then.Reschedule()
	if then.Due(due) {
		return false
	}
	*m = then
	return true
}

// prolong corrects the deadlines of memories for which early returned true, unless they have changed since.
func (e *Engine) prolong(ctx context.Context, keys []sigil.Key, due time.Time) error {
	for _, key := range keys {
		_, err := e.store.Update(ctx, key, func(m *sigil.Meta) (*sigil.Event, error) {
			if !m.Due(due) || !e.early(m, due) {
				return nil, sigil.NewNotFound() // not any more
			}
			return nil, nil
		})
		if err != nil && !errors.Is(err, sigil.ErrNotFound) {
			return err
		}
	}
	return nil
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
			Detail: fmt.Sprintf("the clock may be off by %s: nothing is released until it is back or confirmed, which takes at most %s if it goes on as it does; if it is right, confirm it",
				sigil.FormatDuration(s.Jump.Round(time.Second).Abs()), sigil.FormatDuration(s.ConfirmedIn.Round(time.Second))),
		}
	}
	return e.reference(), nil
}

// final returns the time that decides what may be dropped for good, or an error if nothing may be dropped now.
func (e *Engine) final() (time.Time, error) {
	at, err := e.certain()
	if err == nil && e.Clock().Unconfirmed {
		err = &sigil.Error{Kind: sigil.ErrUnavailable, Code: "clock_held", Detail: "the clock is not confirmed since the start: nothing is dropped for good until it is"}
	}
	return at, err
}
