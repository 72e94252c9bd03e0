package daemon

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/pflag"

	"github.com/sigil-dna/sigil/internal/datadir"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// offline is a command on a store that is not the daemon's own work: a data folder that no daemon is using, or a database.
type offline struct {
	name           string
	stdout, stderr io.Writer
	data           string
	json           bool
	// These are of an export only.
	addr, store, tenant string
	salvage             bool
	backup              backupFlags
	// These are of a check only.
	repair  bool
	metrics string
}

// errSaid is a failure that was already printed.
var errSaid = errors.New("said")

func (o *offline) run(args, environ []string, text string, do func() error) int {
	env := map[string]string{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	data := env["SIGIL_DATA"]
	if data == "" {
		data = datadir.Default(func(name string) string { return env[name] })
	}
	f := o.flags(data)
	err := f.Parse(args)
	help := errors.Is(err, pflag.ErrHelp)
	if help {
		do = func() error {
			_, err := io.WriteString(o.stdout, text+f.FlagUsages())
			return err
		}
		err = nil
	} else if err == nil {
		err = o.wrongFlags(f)
	}
	switch {
	case err != nil:
		o.say("%v", err)
		return exitConfig
	case o.backup.wanted && f.NArg() != 1 && !help:
		o.say("exactly one argument is needed, the folder of a backup")
		return exitConfig
	case f.NArg() > 0 && !o.backup.wanted:
		o.say("unexpected argument %q: only flags are accepted", f.Arg(0))
		return exitConfig
	}
	o.backup.dir = f.Arg(0)
	err = do()
	if err != nil {
		if !errors.Is(err, errSaid) {
			o.say("%v", err)
		}
		return exitFailed
	}
	return exitOK
}

func (o *offline) flags(data string) *pflag.FlagSet {
	f := pflag.NewFlagSet("sigil "+o.name, pflag.ContinueOnError)
	f.Usage = func() {}
	if o.name != "backup verify" {
		f.StringVar(&o.data, "data", data, "the data `folder` (SIGIL_DATA)")
	}
	switch o.name {
	case "export":
		o.exportFlags(f)
	case "check":
		o.checkFlags(f)
	default:
		f.BoolVar(&o.json, "json", false, "print the result as a JSON object")
		o.backup.add(f, o.name)
	}
	return f
}

func (o *offline) say(format string, args ...any) {
	_, _ = fmt.Fprintf(o.stderr, "sigil %s: %s\n", o.name, fmt.Sprintf(format, args...)) // if stderr is closed, there is no reader
}

func (o *offline) options() *pebblestore.Options {
	return &pebblestore.Options{Logger: slog.New(slog.DiscardHandler)} // errors are returned
}

// tell prints the problems, and returns their number.
func (o *offline) tell(problems []string, wrong int) int {
	for _, p := range problems {
		o.say("%s", p)
	}
	if more := wrong - len(problems); more > 0 {
		o.say("and %d more", more)
	}
	return wrong
}
