package daemon

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/pflag"

	"github.com/sigil-dna/sigil/internal/datadir"
)

// Loaded is a valid Config and the source of each of its settings.
type Loaded struct {
	Config
	// File is the file that was read; "" means none.
	File string
	// Print means that the settings are to be printed, and nothing served.
	Print bool
	// Warnings are about settings that have no effect.
	Warnings []string

	flags   *pflag.FlagSet    // those of the settings
	help    string            // the help of all flags
	origins map[string]origin // a setting without an entry has its default
}

// origin is the source of a value. If there are several, the last in the order of source wins.
type origin struct {
	source source
	name   string // in the user's terms: "--addr", "SIGIL_ADDR", "/etc/sigil.yaml"
}

type source int

const (
	fromDefault source = iota
	fromFile
	fromEnv
	fromFlag
)

func (o origin) String() string {
	if o.source == fromDefault {
		return "default"
	}
	return o.name
}

// Load reads the settings from the flags in args, the SIGIL_ variables in environ (in the form of
// [os.Environ]) and the file that --config or SIGIL_CONFIG names, in this order of precedence. An error lists
// every invalid setting with its source. The error is [pflag.ErrHelp] if help was requested.
//
// An empty variable counts as not set, since compose files and similar tools pass many of them.
func Load(args, environ []string) (*Loaded, error) {
	env := map[string]string{}
	for _, pair := range environ {
		if name, value, _ := strings.Cut(pair, "="); value != "" {
			env[name] = value
		}
	}

	l := &Loaded{origins: map[string]origin{}}
	all := l.allFlags(env)
	l.help = all.FlagUsages()
	if err := all.Parse(args); err != nil {
		return l, err
	}
	if all.NArg() > 0 {
		return l, fmt.Errorf("unexpected argument %q: sigil serve takes flags only", all.Arg(0))
	}

	l.flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			l.origins[f.Name] = origin{fromFlag, "--" + f.Name}
		}
	})
	errs := l.readEnv(env)
	errs = append(errs, l.readFile()...)
	if len(errs) > 0 {
		return l, errors.Join(errs...)
	}
	return l, l.validate()
}

// ServeFlags returns the flags of `sigil serve`, for showing them. [Load] parses its own.
func ServeFlags() *pflag.FlagSet { return new(Loaded).allFlags(nil) }

// allFlags declares the flags of the settings, and returns them with the flags of this run.
func (l *Loaded) allFlags(env map[string]string) *pflag.FlagSet {
	l.flags = l.Config.flags(datadir.Default(func(name string) string { return env[name] }))
	// These belong to this run, not to the daemon: they cannot be in a file and are not printed.
	run := pflag.NewFlagSet("", pflag.ContinueOnError)
	run.StringVar(&l.File, "config", env["SIGIL_CONFIG"], "read settings from the YAML `file`; its keys are these names")
	run.BoolVar(&l.Print, "print-config", false, "print every setting with its value and its source, and exit")

	all := pflag.NewFlagSet("sigil serve", pflag.ContinueOnError)
	all.SortFlags = false
	all.Usage = func() {}
	all.AddFlagSet(l.flags)
	all.AddFlagSet(run)
	return all
}

func variable(setting string) string {
	return "SIGIL_" + strings.ToUpper(strings.ReplaceAll(setting, "-", "_"))
}

// set sets a setting unless a source of higher precedence has done so.
func (l *Loaded) set(name, value string, from origin) error {
	if l.origins[name].source > from.source {
		return nil
	}
	if err := l.flags.Lookup(name).Value.Set(value); err != nil {
		return fmt.Errorf("%s (from %s): %q: %w", name, from, value, err)
	}
	l.origins[name] = from
	return nil
}

func (l *Loaded) readEnv(env map[string]string) (errs []error) {
	known := map[string]bool{"SIGIL_CONFIG": true, "SIGIL_TENANT": true} // SIGIL_TENANT is for the other commands
	l.flags.VisitAll(func(f *pflag.Flag) {
		name := variable(f.Name)
		known[name] = true
		if value, ok := env[name]; ok {
			errs = append(errs, l.set(f.Name, value, origin{fromEnv, name}))
		}
	})
	// This is not an error, since other software may set such variables. Kubernetes does so for every service
	// called sigil.
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if strings.HasPrefix(name, "SIGIL_") && !known[name] {
			l.Warnings = append(l.Warnings, name+" is not a setting of sigil serve and has no effect")
		}
	}
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

func (l *Loaded) readFile() (errs []error) {
	if l.File == "" {
		return nil
	}
	if !oneLine(l.File) {
		return []error{fmt.Errorf("config: %q must be one line of text in UTF-8, without control characters", l.File)}
	}
	text, err := os.ReadFile(l.File)
	if err != nil {
		return []error{fmt.Errorf("config: %w", err)}
	}
	values := map[string]any{}
	documents := yaml.NewDecoder(bytes.NewReader(text))
	if err := documents.Decode(&values); err != nil && !errors.Is(err, io.EOF) { // an empty file has no settings
		return []error{fmt.Errorf("config: %s: %s", l.File, yaml.FormatError(err, false, false))}
	}
	if err := documents.Decode(new(any)); !errors.Is(err, io.EOF) {
		return []error{fmt.Errorf("config: %s: has more than one document", l.File)}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		switch value := values[name].(type) {
		case nil, []any, map[string]any:
			err = fmt.Errorf("%s (from %s): must have one value", name, l.File)
		default:
			if l.flags.Lookup(name) == nil {
				err = fmt.Errorf("%s (from %s): unknown setting", name, l.File)
				break
			}
			err = l.set(name, fmt.Sprint(value), origin{fromFile, l.File})
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// validate returns an error for every invalid value, and for every figure that the policy would ignore.
func (l *Loaded) validate() error {
	var errs []error
	say := func(setting, why string) {
		errs = append(errs, fmt.Errorf("%s (from %s): %s", setting, l.origins[setting], why))
	}
	l.check(say)
	if l.Embedder != "" {
		if _, err := readEmbedderKey(l.EmbedderKeyFile); err != nil {
			say("embedder-key-file", err.Error())
		}
	}
	if l.Webhook != "" && l.WebhookSecretFile != "" {
		if _, err := readSecret(l.WebhookSecretFile); err != nil { // now, not only when it is used
			say("webhook-secret-file", err.Error())
		}
	}
	l.readCode(say) // now, rather than when it is used
	l.flags.VisitAll(func(f *pflag.Flag) {
		if !oneLine(f.Value.String()) {
			say(f.Name, "must be one line of text in UTF-8, without control characters")
		}
	})
	for setting, policies := range map[string][]string{
		"half-life": {"halflife"}, "decay-rate": {"classic"}, "decay-period": {"classic"}, "threshold": {"halflife", "classic"},
		"stability": {"power", "fsrs"}, "decay-exponent": {"power", "fsrs"}, "retrievability": {"power", "fsrs"},
	} {
		// It comes from a source of higher precedence than the policy, so the user expects it to have an
		// effect. A file may have the figures of several policies.
		if !slices.Contains(policies, l.Policy) && l.origins[setting].source > l.origins["policy"].source {
			say(setting, fmt.Sprintf("has no effect with policy %s: add --policy %s", l.Policy, policies[0]))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}
