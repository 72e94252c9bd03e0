package daemon

import (
	"context"
	"errors"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/metrics"
	"github.com/sigil-dna/sigil/scheduler"
)

// trimSchedule is when the journal is trimmed. A run costs one read per tenant.
const trimSchedule = "30 */10 * * * *"

// restampSchedule is when memories are brought under changed policies of their tenants.
const restampSchedule = "*/5 * * * * *"

// startJobs schedules the sweeps. A sweep requested over HTTP goes to the engine directly: two sweeps may run
// at once.
func (d *Daemon) startJobs(ctx context.Context, e *engine.Engine, m *metrics.Metrics) error {
	jobs := scheduler.New(&scheduler.Options{Logger: d.log, Grace: d.grace})
	add := func(name sigil.Job, spec string, sweep func(context.Context) (engine.Sweep, error)) error {
		if never(spec) {
			return nil
		}
		m.Missed(string(name), func() uint64 { return missed(jobs, name) })
		// A sweep with a long backlog would use up all the time to drain. It need not: memories that it does
		// not reach are still due after the next start. So a stop ends the sweep after its current step.
		return jobs.AddStepwise(string(name), spec, func(ctx context.Context) error {
			done, err := sweep(ctx)
			if held(err) {
				return nil
			}
			d.logSweep(done)
			return err
		})
	}
	err := errors.Join(
		add(sigil.DecayJob, d.config.DecaySchedule, e.Sweep),
		add(sigil.CrystallizeJob, d.config.CrystallizeSchedule, e.Crystallize),
		jobs.AddStepwise("restamp", restampSchedule, func(ctx context.Context) error {
			n, err := e.Restamp(ctx)
			if held(err) {
				return nil
			}
			if n > 0 {
				d.log.Info("memories were brought under the policies of their tenants", "memories", n)
			}
			return err
		}),
		d.backups.schedule(jobs, d.config.BackupEvery),
		jobs.Add("trim", trimSchedule, func(ctx context.Context) error {
			if _, err := e.Trim(ctx); !held(err) {
				return err
			}
			return nil
		}),
	)
	if err == nil {
		err = jobs.Start(ctx)
	}
	if err != nil {
		return err
	}
	d.core = append(d.core, part{"scheduler", jobs.Stop})
	return nil
}

// held reports whether err only means that the clock is held. The clock has logged that.
func held(err error) bool { return sigil.CodeOf(err) == "clock_held" }

// missed returns how many runs of a job were missed. It is called only when metrics are read, and there are
// few jobs to look through.
func missed(jobs *scheduler.Scheduler, name sigil.Job) uint64 {
	for _, job := range jobs.Jobs() {
		if job.Name == string(name) {
			return job.Missed
		}
	}
	return 0
}

// logSweep logs a sweep that changed something as information. The others run every five seconds, and are
// logged only for debugging.
func (d *Daemon) logSweep(s engine.Sweep) {
	switch {
	case s.Total() > 0:
		d.log.Info("memories faded", "memories", s.Total(), sigil.ReasonDecay, s.Released[sigil.ReasonDecay],
			sigil.ReasonTTL, s.Released[sigil.ReasonTTL], "seconds", s.Took.Seconds())
	case s.Noticed > 0:
		d.log.Info("memories will fade within the time of --notice", "memories", s.Noticed, "seconds", s.Took.Seconds())
	case s.Created > 0:
		d.log.Info("patterns crystallized", "created", s.Created, "updated", s.Updated, "seconds", s.Took.Seconds())
	default:
		d.log.Debug("swept", "job", s.Job, "updated", s.Updated, "seconds", s.Took.Seconds())
	}
}
