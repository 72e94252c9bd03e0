package cli

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// filterFlags are the flags that select memories by their figures. Only those that were given select.
type filterFlags struct {
	set                  *pflag.FlagSet
	crystallized, pinned bool
	pattern              int
	after, within        duration
}

func (v *filterFlags) add(c *cobra.Command) {
	v.set = c.Flags()
	v.set.BoolVar(&v.crystallized, "crystallized", false, "only crystallized memories")
	v.set.BoolVar(&v.pinned, "pinned", false, "only pinned memories")
	v.set.IntVar(&v.pattern, "pattern", 0, "only memories in the pattern with this `number`")
	v.set.Var(&v.after, "fading-after", "only memories that fade, but not within this `time`")
	v.set.Lookup("fading-after").DefValue = ""
	v.set.Var(&v.within, "fading-within", "only memories that fade within this `time`")
	v.set.Lookup("fading-within").DefValue = ""
}

// values returns what was given, or nil or the zero time.
func (v *filterFlags) values(now time.Time) (crystallized, pinned *bool, pattern *int, fadingAfter, fadingBefore time.Time) {
	if v.set.Changed("crystallized") {
		crystallized = &v.crystallized
	}
	if v.set.Changed("pinned") {
		pinned = &v.pinned
	}
	if v.set.Changed("pattern") {
		pattern = &v.pattern
	}
	if v.set.Changed("fading-after") {
		fadingAfter = now.Add(time.Duration(v.after))
	}
	if v.set.Changed("fading-within") {
		fadingBefore = now.Add(time.Duration(v.within))
	}
	return crystallized, pinned, pattern, fadingAfter, fadingBefore
}
