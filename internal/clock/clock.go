// Package clock is the time of an engine: monotonic time since an anchor, corrected by what a reference shows, the
// machine's clock or a database's. A reference that jumps is not believed until it has stood for a while.
//
// It owns how a reference is followed, and what is logged of that. It does not know memories, sweeps or databases, and
// starts no goroutine.
package clock

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// Threshold is the most by which a reference may be off and be followed at once: more than the second that a
	// leap second takes, and less than memories are likely to live.
	Threshold = 2 * time.Second
	// DefaultConfirm is how long a jump must stand to be believed.
	DefaultConfirm = time.Minute
	// slack is how near to the clock's time a reference that can be read at any time is taken as it is: what else in
	// the process reads it then sees the same millisecond, though its pace is adjusted all the time.
	slack = 5 * time.Millisecond
	// readEvery is how often a reference that can be read at any time is.
	readEvery = time.Second
)

// Reading is one look at a reference.
type Reading struct {
	// At is when, in monotonic time since a moment that is the same for all readings of a clock.
	At time.Duration
	// Time is what the reference showed then, and Error how far that is off at most.
	Time  time.Time
	Error time.Duration
}

// Options configure a Clock; the zero value is the defaults.
type Options struct {
	// Name is the reference's, in the log; "" is "the machine's clock".
	Name string
	// Confirm is how long a jump must stand to be believed; 0 is [DefaultConfirm].
	Confirm time.Duration
	// Logger hears of jumps; nil is [slog.Default].
	Logger *slog.Logger
	// Read reads the reference: a caller of Now does so, at most once a second or so. If nil, the reference is
	// known by [Clock.Observe] only.
	Read func() Reading
	// Monotonic is the time that every Reading.At counts; nil is [Monotonic].
	Monotonic func() time.Duration
	// Slept returns for how long, in all, monotonic time stood still while the machine slept; nil is the system's. A
	// jump that this accounts for is none.
	Slept func() time.Duration
}

// Clock tells the time. But for a few milliseconds, its time never runs back and never stands still:
//
//   - A reference that is at most [Threshold] off is followed: at once if it is ahead; if it is behind, the clock runs
//     at half its pace until it is not.
//   - A reference that is further off has jumped. The clock then goes on by monotonic time, and is held, until the
//     reference is back or has stood where it is for the time to confirm; then it is followed as above.
//
// Its methods may be called from any goroutine.
type Clock struct {
	options Options
	base    atomic.Pointer[base]
	looked  atomic.Int64 // when the reference was last read, in monotonic time

	mu sync.Mutex
	// +checklocks:mu
	slept time.Duration // of Options.Slept, when the reference was last followed
	// +checklocks:mu
	jump jump
}

// base is a moment from which on the clock's time is monotonic time.
type base struct {
	at    time.Duration
	time  time.Time
	ahead time.Duration // of the reference, then: made up for at half pace
	held  bool
	jump  time.Duration // the reference's, if held
	jumps uint64        // all there were
}

// jump is the one that is not believed yet: what was shown, and since when.
type jump struct {
	at   time.Duration
	time time.Time
}

// State is how a clock stands to its reference.
type State struct {
	// Held reports whether the reference has jumped and is not believed yet, and Jump is how far: over 0 if it is
	// ahead of the clock. It is 0 if nothing is held.
	Held bool
	Jump time.Duration
	// Ahead is how far the clock is ahead of its reference, which it makes up for at half its pace.
	Ahead time.Duration
	// Jumps is how many jumps there were since the start.
	Jumps uint64
}

var began = time.Now()

// Monotonic is monotonic time since the process started, at a time that [time.Now] returned.
func Monotonic(at time.Time) time.Duration { return at.Sub(began) }

// NewMachine returns a clock whose reference is the machine's.
func NewMachine(o Options) *Clock {
	o.Read = func() Reading {
		now := time.Now()
		return Reading{At: Monotonic(now), Time: now.Round(0)}
	}
	return New(o.Read(), o)
}

// New returns a clock whose reference first showed first.
func New(first Reading, o Options) *Clock {
	if o.Name == "" {
		o.Name = "the machine's clock"
	}
	if o.Confirm == 0 {
		o.Confirm = DefaultConfirm
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Monotonic == nil {
		o.Monotonic = func() time.Duration { return Monotonic(time.Now()) }
	}
	if o.Slept == nil {
		o.Slept = slept
	}
	c := &Clock{options: o, slept: o.Slept()}
	c.base.Store(&base{at: first.At, time: first.Time.Round(0)})
	c.looked.Store(int64(first.At))
	return c
}

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	at, shown := c.look()
	now := c.base.Load().now(at)
	if shown.Sub(now).Abs() <= slack {
		return shown
	}
	return now
}

// Reference returns what the reference shows, as far as it is believed: it is before Now while the clock makes up for
// being ahead, and may run back.
func (c *Clock) Reference() time.Time {
	at, _ := c.look()
	return c.base.Load().reference(at)
}

// State returns how the clock stands to its reference.
func (c *Clock) State() State {
	at, _ := c.look()
	b := c.base.Load()
	return State{Held: b.held, Jump: b.jump, Ahead: b.aheadAt(at), Jumps: b.jumps}
}

// look returns the monotonic time and what the reference shows then, zero if it cannot be read at any time. It takes
// the reading in when it is time for that.
func (c *Clock) look() (at time.Duration, shown time.Time) {
	if c.options.Read == nil {
		return c.options.Monotonic(), time.Time{}
	}
	r := c.options.Read()
	last := c.looked.Load()
	b := c.base.Load()
	off := r.Time.Sub(b.reference(r.At))
	// A machine that slept is noticed at once: monotonic time has hardly passed.
	if since := r.At - time.Duration(last); since >= readEvery || !b.held && since > 0 && off.Abs() > Threshold {
		if c.looked.CompareAndSwap(last, int64(r.At)) {
			c.Observe(r)
		}
	}
	return r.At, r.Time
}

// aheadAt is how far the clock is ahead of its reference.
func (b *base) aheadAt(at time.Duration) time.Duration {
	return max(0, b.ahead-max(0, at-b.at)/2)
}

func (b *base) reference(at time.Duration) time.Time {
	return b.time.Add(at - b.at - b.ahead)
}

func (b *base) now(at time.Duration) time.Time {
	return b.reference(at).Add(b.aheadAt(at))
}

// Observe takes in a reading of the reference. Readings should come in the order of their moments.
func (c *Clock) Observe(r Reading) {
	if tell := c.observe(r); tell != nil {
		tell(c.options.Logger)
	}
}

// observe returns what is to be logged; nil is nothing.
func (c *Clock) observe(r Reading) (tell func(*slog.Logger)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := *c.base.Load()
	if r.At < b.at {
		return nil // a reading after it was taken in before it
	}
	off := beyond(r.Time.Sub(b.reference(r.At)), r.Error)
	slept := c.options.Slept() - c.slept
	switch {
	case off.Abs() <= Threshold:
		if b.held {
			tell = c.back(b.jump)
		}
	case slept > Threshold && (off-slept).Abs() <= Threshold:
		tell = c.awake(slept)
	case !b.held || beyond(r.Time.Sub(c.jump.time)-(r.At-c.jump.at), r.Error).Abs() > Threshold:
		c.jump = jump{r.At, r.Time}
		b.held, b.jump, b.jumps = true, off, b.jumps+1
		c.base.Store(&b)
		return c.jumped(off)
	case r.At-c.jump.at < c.options.Confirm:
		return nil
	default:
		tell = c.confirmed(off)
	}
	c.slept += slept
	now, reference := b.now(r.At), b.reference(r.At).Add(off)
	b.at, b.time, b.ahead = r.At, reference, 0
	if reference.Before(now) {
		b.time, b.ahead = now, now.Sub(reference)
	}
	b.held, b.jump = false, 0
	c.base.Store(&b)
	return tell
}

// beyond is how far off is surely from 0 when it may be wrong by most.
func beyond(off, most time.Duration) time.Duration {
	if off < 0 {
		return min(off+most, 0)
	}
	return max(off-most, 0)
}

func (c *Clock) jumped(off time.Duration) func(*slog.Logger) {
	return func(l *slog.Logger) {
		l.Warn(c.options.Name+" jumped: sweeps are held until it is back, or has stood so for a while",
			"jump", off.Round(time.Millisecond), "confirmed_after", c.options.Confirm)
	}
}

func (c *Clock) back(jump time.Duration) func(*slog.Logger) {
	return func(l *slog.Logger) {
		l.Info(c.options.Name+" is back: sweeps resume", "jumped", jump.Round(time.Millisecond))
	}
}

func (c *Clock) awake(slept time.Duration) func(*slog.Logger) {
	return func(l *slog.Logger) {
		l.Info("the machine slept: its time is taken up again", "slept", slept.Round(time.Millisecond))
	}
}

func (c *Clock) confirmed(off time.Duration) func(*slog.Logger) {
	return func(l *slog.Logger) {
		if off > 0 {
			l.Warn(c.options.Name+" has stood where it jumped to, and is followed: sweeps resume", "jump", off.Round(time.Millisecond))
			return
		}
		l.Warn(c.options.Name+" has stood where it jumped to: time runs at half its pace until it is there, and sweeps resume; a restart takes the time at once",
			"jump", off.Round(time.Millisecond), "takes", (-2 * off).Round(time.Second))
	}
}
