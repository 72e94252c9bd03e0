package daemon

import (
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/sigil-dna/sigil"
)

// reload reads the settings again and applies those that can change. Where one is wrong, all stay as
// they are.
func (r *runner) reload() {
	l, err := r.load()
	if err == nil {
		err = r.daemon.Configure(l.Config)
	}
	if err != nil {
		r.log.Error("reading the settings again failed: they stay as they are", "err", err)
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

// lifetime writes how long an untouched memory lives, for people.
func lifetime(p sigil.Policy) string {
	d := p.Lifetime()
	switch {
	case d >= 2*day:
		d = d.Round(time.Hour)
	case d >= time.Minute:
		d = d.Round(time.Second)
	}
	return formatDuration(d)
}
