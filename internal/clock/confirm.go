package clock

import (
	"log/slog"
	"slices"
	"time"
)

// Doubt makes the clock unconfirmed, because its first reading may be ahead of the truth by ahead, or behind it if that is
// negative. With hold, the clock is also held. It follows its reference all the same. It is confirmed when it has followed it
// without a jump for the time to confirm, or by [Clock.Confirm].
func (c *Clock) Doubt(ahead time.Duration, hold bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := *c.base.Load()
	b.doubt = &doubt{ahead, c.options.Monotonic(), hold}
	c.base.Store(&b)
}

// Confirm confirms what the reference shows now, on an operator's word, and reports whether the clock was unconfirmed.
func (c *Clock) Confirm() bool {
	c.look() // notices a jump that would otherwise be held right after this
	tell := c.confirm()
	if tell == nil {
		return false
	}
	c.options.Logger.Warn(c.options.Name + " is confirmed by an operator")
	tell(c.options.Logger)
	return true
}

func (c *Clock) confirm() (tell func(*slog.Logger)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := *c.base.Load()
	switch {
	case b.held:
		at := c.options.Monotonic()
		off := c.jump.time.Add(at - c.jump.at).Sub(b.reference(at))
		tell = c.confirmed(&b, off, at)
		c.slept = c.options.Slept()
		c.follow(b, at, off)
	case b.doubt != nil:
		tell = c.believed(b.doubt)
		b.doubt = nil
		c.base.Store(&b)
	}
	return tell
}

// Since returns when what happened at t by this clock happened by its reference as it is known now. They differ if t
// is in a jump forward that was confirmed later: until then the clock went on as if the reference were wrong. Jumps
// before the process started are not known.
func (c *Clock) Since(t time.Time) time.Time {
	spans := c.spans.Load()
	if spans == nil {
		return t
	}
	for _, s := range *spans {
		if !t.Before(s.from) && t.Before(s.to) {
			// At least to: a result within the span would be taken for another time during the jump.
			if t = t.Add(s.by); t.Before(s.to) {
				t = s.to
			}
		}
	}
	return t
}

// confirmed ends the doubts of b because the reference, which is off by off, is confirmed.
//
// +checklocks:c.mu
func (c *Clock) confirmed(b *base, off, at time.Duration) (tell func(*slog.Logger)) {
	b.doubt = nil
	if by := off - b.aheadAt(at); by > 0 {
		var spans []span
		if known := c.spans.Load(); known != nil {
			spans = slices.Clone((*known)[max(0, len(*known)-maxSpans+1):])
		}
		spans = append(spans, span{b.now(b.at), b.now(at), by})
		c.spans.Store(&spans)
	}
	return func(l *slog.Logger) {
		if off > 0 {
			l.Warn(c.options.Name+" has kept the time it jumped to, which is now confirmed: sweeps resume", "jump", off.Round(time.Millisecond))
			return
		}
		l.Warn(c.options.Name+" has kept the time it jumped to, which is now confirmed: time runs at half its pace until it agrees, and sweeps resume; after a restart it agrees at once",
			"jump", off.Round(time.Millisecond), "takes", (-2 * off).Round(time.Second))
	}
}

func (c *Clock) believed(d *doubt) func(*slog.Logger) {
	what := " is confirmed: sweeps also drop what is over for good"
	if d.hold {
		what = " is confirmed: sweeps resume"
	}
	return func(l *slog.Logger) {
		l.Info(c.options.Name+what, "ahead_by_at_most", d.ahead.Round(time.Second))
	}
}
