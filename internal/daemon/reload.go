package daemon

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/sigil-dna/sigil"
)

// reload reads the settings again and applies those that can change. If one is wrong, all stay unchanged.
func (r *runner) reload() {
	l, err := r.load()
	if err == nil {
		err = r.daemon.Configure(l.Config)
	}
	if err != nil {
		r.log.Error("reading the settings again failed: they are unchanged", "err", err)
		return
	}
	var changed, restart []string
	l.flags.VisitAll(func(f *pflag.Flag) {
		before := r.loaded.flags.Lookup(f.Name).Value
		switch {
		case before.String() == f.Value.String():
		case live[f.Name]:
			changed = append(changed, f.Name+"="+f.Value.String())
			_ = before.Set(f.Value.String()) // was checked; what is not live keeps the value in force
		default:
			restart = append(restart, f.Name)
		}
	})
	r.log.Info("read the settings again", "changed", strings.Join(changed, " "))
	if len(restart) > 0 {
		r.log.Warn("needs a restart to take effect: "+strings.Join(restart, ", "), "settings", restart)
	}
	for _, warning := range l.Warnings {
		r.log.Warn(warning)
	}
}

// warnShorter logs how many memories will live shorter under the policy in force, if there are any. A policy that was
// set by mistake does no harm until a memory is recalled, so the warning comes in time.
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
		r.log.Warn(fmt.Sprintf("%d memories were kept to live longer untouched (up to %s) than the policy now set lets them (%s): each recall shortens one to that. To keep their longer lives, start with their --policy",
			memories, lifetime(most), lifetime(e.Settings().Policy)), "memories", memories, "longest", most.String())
	}
}

// lifetime writes how long an untouched memory lives, for people.
func lifetime(p sigil.Policy) string {
	d := p.Lifetime()
	switch {
	case d >= 2*day:
		d = d.Round(time.Hour)
	case d >= time.Minute:
		d = d.Round(time.Second)
	}
	return sigil.FormatDuration(d)
}
