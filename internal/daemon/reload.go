package daemon

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/sigil-dna/sigil"
)

// reload reads the settings again and applies those that can change. If one is invalid, all stay unchanged.
func (r *runner) reload() {
	l, err := r.load()
	if err == nil {
		err = r.daemon.Configure(l.Config)
	}
	if err != nil {
		r.log.Error("could not read the settings again: they are unchanged", "err", err)
		return
	}
	var changed, restart []string
	l.flags.VisitAll(func(f *pflag.Flag) {
		before := r.loaded.flags.Lookup(f.Name).Value
		switch {
		case before.String() == f.Value.String():
		case r.daemon.reloads(f.Name):
			changed = append(changed, f.Name+"="+f.Value.String())
			_ = before.Set(f.Value.String()) // it was checked; settings that are not live keep the value in force
		default:
			restart = append(restart, f.Name)
		}
	})
	r.log.Info("read the settings again", "changed", strings.Join(changed, " "))
	if len(restart) > 0 {
		r.log.Warn("these settings need a restart to take effect: "+strings.Join(restart, ", "), "settings", restart)
	}
	for _, warning := range l.Warnings {
		r.log.Warn(warning)
	}
}

// warnShorter logs how many memories will live for a shorter time under the policy in force, if there are
// any. A policy that was set by mistake does no harm until a memory is recalled, so the warning comes in
// time.
func (r *runner) warnShorter(ctx context.Context) {
	e := r.daemon.engine.Load()
	if e == nil { // the daemon has been stopped
		return
	}
	memories, most, err := e.LongerLived(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		r.log.Warn("could not count the memories with longer-lived policies", "err", err)
	case memories > 0:
		r.log.Warn(fmt.Sprintf("%d memories have a policy under which they live longer untouched (up to %s) than under the one of the settings (%s), which each recall gives them. To keep their longer lives, start with their --policy",
			memories, lifetime(most), lifetime(e.Settings().Policy)), "memories", memories, "longest", most.String())
	}
}

// lifetime formats how long an untouched memory lives, for people.
func lifetime(p sigil.Policy) string {
	d := p.Lifetime()
	switch {
	case d == sigil.Never:
		return "ever"
	case d >= 2*day:
		d = d.Round(time.Hour)
	case d >= time.Minute:
		d = d.Round(time.Second)
	}
	return sigil.FormatDuration(d)
}
