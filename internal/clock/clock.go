// Package clock keeps the time of an engine: monotonic time since an anchor, corrected by a reference, which is the
// machine's clock or a database's. A jump of the reference counts only once it is confirmed: because it has lasted for a
// while, or because an operator says so.
//
// It owns how a reference is followed, how long nothing may be released, and what is logged about that. It knows neither memories, sweeps nor databases,
// and starts no goroutine.
package clock

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// Threshold is the maximum difference that is corrected at once: more than a leap second, and less than a memory is
	// likely to live.
	Threshold = 2 * time.Second
	// DefaultConfirm is how long a jump must last to be confirmed: longer than NTP takes to correct a clock that a
	// failover or a boot left wrong.
	DefaultConfirm = 15 * time.Minute
	// paceLimit bounds small corrections forward: in the long run, to one part in paceLimit of the time that passes. An
	// NTP client that corrects a clock gradually stays below that; a clock that runs fast, or steps again and again,
	// does not.
	paceLimit = 10
	// repeatEvery is the minimum time between two log lines about jumps that follow each other.
	repeatEvery = time.Minute
	// maxSpans is how many jumps are remembered for [Clock.Since].
	maxSpans = 64
	// slack is the difference within which a reference that can be read at any time is returned as it is. Its pace is
	// adjusted all the time, and other code in the process that reads it should see the same millisecond.
	slack = 5 * time.Millisecond
	// readEvery is how often the reference is observed, if it can be read at any time.
	readEvery = time.Second
)

// Reading is one reading of a reference.
type Reading struct {
	// At is when it was read, in monotonic time since a moment that is the same for all readings of a clock.
	At time.Duration
	// Time is what the reference showed then, and Error the maximum by which that may be wrong.
	Time  time.Time
	Error time.Duration
}

// Options configure a Clock; the zero value means the defaults.
type Options struct {
	// Name is the reference's name in the log; "" means "the machine's clock".
	Name string
	// Confirm is how long a jump must last to be confirmed; 0 means [DefaultConfirm].
	Confirm time.Duration
	// Logger gets the jumps; nil means [slog.Default].
	Logger *slog.Logger
	// Read reads the reference. It is called at each use of the clock. If nil, the reference is known only from
	// [Clock.Observe].
	Read func() Reading
	// Monotonic returns the time in which every Reading.At is measured; nil means [Monotonic].
	Monotonic func() time.Duration
	// Slept returns how long in total monotonic time has stood still while the machine slept; nil means that the system
	// is asked. A difference that this explains is not a jump.
	Slept func() time.Duration
}

// A Clock returns the time. Apart from a few milliseconds, its time never runs back and never stands still:
//
//   - If the reference is off by at most [Threshold], the clock follows it: at once if the reference is ahead; if it is
//     behind, by running at half its pace until they agree.
//   - If it is further off, or again and again ahead, it has jumped. The clock then goes on by monotonic time, and is
//     held, until the reference is back or the jump is confirmed: after the time to confirm, or by [Clock.Confirm].
//     Then the clock follows it as above.
//   - A clock whose first reading is doubted ([Clock.Doubt]) follows its reference, and is unconfirmed, or held, until it is
//     confirmed.
//
// Its methods may be called from any goroutine.
type Clock struct {
	options Options
	base    atomic.Pointer[base]
	looked  atomic.Int64 // when the reference was last read, in monotonic time

	mu sync.Mutex
	// +checklocks:mu
	slept time.Duration // from Options.Slept, when the reference was last followed
	// +checklocks:mu
	jump jump
	// +checklocks:mu
	told time.Duration // when a jump was last logged

	spans atomic.Pointer[[]span]
}

// base is a moment from which the clock's time follows monotonic time.
type base struct {
	at    time.Duration
	time  time.Time
	ahead time.Duration // how far the clock was ahead of the reference then; corrected by running at half its pace
	held  bool
	jump  time.Duration // how far the reference has jumped, if held
	jumps uint64        // the number of jumps so far
	// credit is how far the reference may be ahead and be followed at once; it grows back to Threshold.
	credit time.Duration
	doubt  *doubt // nil if the first reading is not doubted, or confirmed by now
}

// doubt is why the first reading is not believed, and since when the reference has agreed with it.
type doubt struct {
	ahead time.Duration
	since time.Duration
	hold  bool // the clock is held meanwhile
}

// span is a stretch of the clock's time during which it was behind its reference by what turned out to be the truth.
type span struct {
	from, to time.Time
	by       time.Duration
}

// jump is a jump that is not confirmed yet: what the reference showed, and when.
type jump struct {
	at   time.Duration
	time time.Time
}

// State compares a clock with its reference.
type State struct {
	// Held reports that the reference has jumped, or its first reading is doubted, and that this is not confirmed yet.
	// Jump is its size, over 0 if the reference is ahead of the clock; it is 0 if Held is false.
	Held bool
	Jump time.Duration
	// Unconfirmed reports that the clock is held, or that its first reading is believed only as far as what follows from it can
	// be undone.
	Unconfirmed bool
	// ConfirmedIn is how long the reference must go on as it does now to be confirmed; 0 if Unconfirmed is false.
	ConfirmedIn time.Duration
	// Ahead is how far the clock is ahead of its reference, which it corrects by running at half its pace.
	Ahead time.Duration
	// Jumps is the number of jumps since the start.
	Jumps uint64
}

var began = time.Now()

// Monotonic returns the monotonic time since the process started, at a time that [time.Now] returned.
func Monotonic(at time.Time) time.Duration { return at.Sub(began) }

// NewMachine returns a clock whose reference is the machine's clock.
func NewMachine(o Options) *Clock {
	o.Read = func() Reading {
		now := time.Now()
		return Reading{At: Monotonic(now), Time: now.Round(0)}
	}
	return New(o.Read(), o)
}

// New returns a clock that starts with the reading first.
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
	c.base.Store(&base{at: first.At, time: first.Time.Round(0), credit: Threshold})
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

// Reference returns the confirmed time of the reference. It is before Now while the clock is ahead, and may run back.
func (c *Clock) Reference() time.Time {
	at, _ := c.look()
	return c.base.Load().reference(at)
}

// State compares the clock with its reference.
func (c *Clock) State() State {
	at, _ := c.look()
	c.mu.Lock()
	b, began := c.base.Load(), c.jump.at
	c.mu.Unlock()
	s := State{Held: b.held, Jump: b.jump, Unconfirmed: b.held, Ahead: b.aheadAt(at), Jumps: b.jumps}
	if b.doubt != nil && !b.held {
		s.Unconfirmed, began = true, b.doubt.since
		if b.doubt.hold {
			s.Held, s.Jump = true, b.doubt.ahead
		}
	}
	if s.Unconfirmed {
		s.ConfirmedIn = max(0, c.options.Confirm-(at-began))
	}
	return s
}

// look returns the monotonic time and what the reference shows, or a zero time if the reference cannot be read at any
// time. It observes the reading if one is due.
func (c *Clock) look() (at time.Duration, shown time.Time) {
	if c.options.Read == nil {
		return c.options.Monotonic(), time.Time{}
	}
	r := c.options.Read()
	last := c.looked.Load()
	b := c.base.Load()
	off := r.Time.Sub(b.reference(r.At))
	// The second condition notices at once that the machine slept, when hardly any monotonic time has passed.
	if since := r.At - time.Duration(last); since >= readEvery || !b.held && since > 0 && off.Abs() > Threshold {
		if c.looked.CompareAndSwap(last, int64(r.At)) {
			c.Observe(r)
		}
	}
	return r.At, r.Time
}

// aheadAt returns how far the clock is ahead of its reference.
func (b *base) aheadAt(at time.Duration) time.Duration {
	return max(0, b.ahead-max(0, at-b.at)/2)
}

func (b *base) reference(at time.Duration) time.Time {
	return b.time.Add(at - b.at - b.ahead)
}

func (b *base) now(at time.Duration) time.Time {
	return b.reference(at).Add(b.aheadAt(at))
}

// Observe corrects the clock by a reading of the reference. Readings should come in the order in which they were taken.
func (c *Clock) Observe(r Reading) {
	if tell := c.observe(r); tell != nil {
		tell(c.options.Logger)
	}
}

// observe returns a function that logs what happened, or nil if there is nothing to log.
func (c *Clock) observe(r Reading) (tell func(*slog.Logger)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := *c.base.Load()
	if r.At < b.at {
		return nil // a later reading was observed first
	}
	off := beyond(r.Time.Sub(b.reference(r.At)), r.Error)
	slept := c.options.Slept() - c.slept
	b.credit = min(Threshold, b.credit+(r.At-b.at)/paceLimit)
	switch {
	case -Threshold <= off && off <= b.credit:
		b.credit -= max(off, 0)
		switch {
		case b.held:
			tell = c.back(b.jump)
			if b.doubt != nil { // it has to agree anew for as long
				b.doubt = &doubt{b.doubt.ahead, r.At, b.doubt.hold}
			}
		case b.doubt != nil && r.At-b.doubt.since >= c.options.Confirm:
			tell = c.believed(b.doubt)
			b.doubt = nil
		}
	case slept > Threshold && (off-slept).Abs() <= Threshold:
		tell = c.awake(slept)
	case !b.held || beyond(r.Time.Sub(c.jump.time)-(r.At-c.jump.at), r.Error).Abs() > Threshold:
		return c.jumps(r, off)
	case r.At-c.jump.at < c.options.Confirm:
		return nil
	default:
		tell = c.confirmed(&b, off, r.At)
	}
	c.slept += slept
	c.follow(b, r.At, off)
	return tell
}

// jumps holds the clock, because the reference is off by off.
//
// +checklocks:c.mu
func (c *Clock) jumps(r Reading, off time.Duration) (tell func(*slog.Logger)) {
	b := *c.base.Load()
	if !b.held || r.At-c.told >= repeatEvery {
		c.told = r.At
		tell = c.jumped(off)
	}
	c.jump = jump{r.At, r.Time}
	b.held, b.jump, b.jumps = true, off, b.jumps+1
	c.base.Store(&b)
	return tell
}

// follow makes the clock follow its reference, which is off from b by off.
//
// +checklocks:c.mu
func (c *Clock) follow(b base, at, off time.Duration) {
	now, reference := b.now(at), b.reference(at).Add(off)
	b.at, b.time, b.ahead = at, reference, 0
	if reference.Before(now) {
		b.time, b.ahead = now, now.Sub(reference)
	}
	b.held, b.jump = false, 0
	c.base.Store(&b)
}

// beyond returns the minimum distance of off from 0, if off may be wrong by most.
func beyond(off, most time.Duration) time.Duration {
	if off < 0 {
		return min(off+most, 0)
	}
	return max(off-most, 0)
}

func (c *Clock) jumped(off time.Duration) func(*slog.Logger) {
	return func(l *slog.Logger) {
		l.Warn(c.options.Name+" jumped: sweeps are held until it is back, or the jump is confirmed",
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
		l.Info("the machine slept: following its clock again", "slept", slept.Round(time.Millisecond))
	}
}
