package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/pflag"

	"github.com/sigil-dna/sigil/internal/datadir"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

const checkHelp = `Check all of a data folder: whether every record can be read, whether records that belong together are all
there, and whether the memories match the journal. No daemon may be running on the folder, and nothing in it is
changed. Problems are printed on standard error, one per line; the counts are printed on standard output.

Usage:
  sigil check [flags]

Examples:
  sigil check
  sigil check --data /var/lib/sigil
  sigil check --json

Exit codes: 0 if all is well, 1 if something is damaged or the command failed, 2 for wrong usage.

Flags:
`

// offline is a command on a data folder that no daemon is using.
type offline struct {
	name           string
	stdout, stderr io.Writer
	data           string
	json           bool
	// These are of an export only.
	addr, store, tenant string
	salvage             bool
	backup              backupFlags
}

// Check is `sigil check`. It reads all of a data folder, and returns the process's exit code.
func Check(_ context.Context, args []string, stdout, stderr io.Writer, environ []string) int {
	o := &offline{name: "check", stdout: stdout, stderr: stderr}
	return o.run(args, environ, checkHelp, o.check)
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
		err = o.wrongFlags()
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

// CheckFlags returns the flags of [Check], for showing them.
func CheckFlags() *pflag.FlagSet { return (&offline{name: "check"}).flags("") }

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
		f.BoolVar(&o.json, "json", false, "print the figures as a JSON object")
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

// checked is the object that a check with --json prints.
type checked struct {
	Memories   int    `json:"memories"`
	Bytes      int64  `json:"bytes"`
	Crystals   int    `json:"crystals"`
	Events     int    `json:"events"`
	Position   uint64 `json:"position"`
	Answers    int    `json:"answers"`
	Signatures int    `json:"signatures"`
	Problems   int    `json:"problems"`
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

func (o *offline) check() error {
	c, err := pebblestore.Check(o.data, o.options())
	wrong := o.tell(c.Problems, c.Wrong)
	if err != nil {
		return err
	}
	if o.json {
		err = json.NewEncoder(o.stdout).Encode(checked{c.Memories, c.Bytes, c.Crystals, c.Events, c.Position, c.Answers, c.Signatures, wrong})
	} else {
		_, err = fmt.Fprintf(o.stdout, "%d memories (%d bytes of data), %d crystals of patterns, %d journal entries up to position %d, %d answers under idempotency keys, %d signatures of code: %d problems\n",
			c.Memories, c.Bytes, c.Crystals, c.Events, c.Position, c.Answers, c.Signatures, wrong)
	}
	if err != nil {
		return err
	}
	if wrong > 0 {
		o.say("damaged; `sigil export --salvage --data %s` writes the intact memories", o.data)
		return errSaid
	}
	return nil
}
