package scheduler

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// A job is a job as it was added. It is immutable.
type job struct {
	name string
	do   Job
	at   schedule
	turn chan struct{} // holds one token: a goroutine that puts it in may run the job
	// stepwise means that stop interrupts a run of the job at once.
	stepwise bool
}

type phase int

const (
	created phase = iota
	started
	stopped
)

// A ledger holds everything that changes after New. It is safe for concurrent use and returns copies only.
type ledger struct {
	stopping chan struct{} // closed by the first stop
	drained  chan struct{} // closed once stopped and with nothing active

	// mu guards phase, active, entries and what the entries point to.
	mu sync.Mutex
	// +checklocks:mu
	phase phase
	// active counts the goroutines of Start and the runs in progress.
	// +checklocks:mu
	active int
	// entries is in the order of Add.
	// +checklocks:mu
	entries []*entry
}

type entry struct {
	job    *job
	info   Info
	cancel context.CancelCauseFunc // nil unless a run is in progress
}

func newLedger() *ledger {
	return &ledger{stopping: make(chan struct{}), drained: make(chan struct{})}
}

// +checklocks:l.mu
func (l *ledger) findLocked(name string) *entry {
	i := slices.IndexFunc(l.entries, func(e *entry) bool { return e.job.name == name })
	if i < 0 {
		return nil
	}
	return l.entries[i]
}

// +checklocks:l.mu
func (l *ledger) leaveLocked() {
	l.active--
	if l.active == 0 && l.phase == stopped {
		close(l.drained)
	}
}

func (l *ledger) add(j *job, spec string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.phase == stopped:
		return ErrStopped
	case l.phase == started:
		return ErrStarted
	case l.findLocked(j.name) != nil:
		return fmt.Errorf("%w: %q", ErrConflict, j.name)
	}
	l.entries = append(l.entries, &entry{job: j, info: Info{Name: j.name, Spec: spec}})
	return nil
}

// start returns, on the first call only, the jobs to start a goroutine for, each with its first tick after now. Each
// job counts as active until leave.
func (l *ledger) start(now time.Time) (map[*job]time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch l.phase {
	case started:
		return nil, nil
	case stopped:
		return nil, ErrStopped
	}
	l.phase = started
	l.active += len(l.entries)
	ticks := make(map[*job]time.Time, len(l.entries))
	for _, e := range l.entries {
		e.info.Next = e.job.at.next(now)
		ticks[e.job] = e.info.Next
	}
	return ticks, nil
}

func (l *ledger) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaveLocked()
}

// plan notes when the job is due next and adds to its missed ticks.
func (l *ledger) plan(j *job, next time.Time, missed uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.findLocked(j.name)
	e.info.Missed += missed
	if l.phase != stopped {
		e.info.Next = next
	}
}

// begin admits a run, unless the ledger is stopped. cancel interrupts the run.
func (l *ledger) begin(j *job, cancel context.CancelCauseFunc) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase == stopped {
		return ErrStopped
	}
	l.active++
	e := l.findLocked(j.name)
	e.cancel = cancel
	e.info.Running = true
	return nil
}

// done records the result of a run, and end ends it. Between the two calls the run is reported, while stop still waits
// for it.
func (l *ledger) done(j *job, r Run) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.findLocked(j.name)
	e.info.Last = r
	e.info.Runs++
	e.info.Running = false
}

func (l *ledger) end(j *job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.findLocked(j.name).cancel = nil
	l.leaveLocked()
}

// isStopping reports whether stop was called.
func (l *ledger) isStopping() bool {
	select {
	case <-l.stopping:
		return true
	default:
		return false
	}
}

func (l *ledger) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase == stopped {
		return
	}
	l.phase = stopped
	close(l.stopping)
	for _, e := range l.entries {
		e.info.Next = time.Time{}
		if e.job.stepwise && e.cancel != nil {
			e.cancel(nil)
		}
	}
	if l.active == 0 {
		close(l.drained)
	}
}

// unfinished returns the names of the runs in progress, and the functions that cancel them.
func (l *ledger) unfinished() (names []string, cancels []context.CancelCauseFunc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.entries {
		if e.cancel != nil {
			names = append(names, e.job.name)
			cancels = append(cancels, e.cancel)
		}
	}
	return names, cancels
}

func (l *ledger) find(name string) *job {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.findLocked(name); e != nil {
		return e.job
	}
	return nil
}

func (l *ledger) infos() []Info {
	l.mu.Lock()
	defer l.mu.Unlock()
	infos := make([]Info, len(l.entries))
	for i, e := range l.entries {
		infos[i] = e.info
	}
	return infos
}
