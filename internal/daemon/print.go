package daemon

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/goccy/go-yaml"
	"github.com/spf13/pflag"
)

// printConfig writes every setting, its value and its source, in the form of a file for --config, but without
// passwords.
func (l *Loaded) printConfig(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	l.flags.VisitAll(func(f *pflag.Flag) {
		value := yamlValue(f.Value)
		if f.Name == "store" && l.postgres() {
			value = yamlText(shownStore(l.Store))
		}
		_, _ = fmt.Fprintf(t, "%s: %s\t# %s\n", f.Name, value, l.origins[f.Name]) // Flush returns the error
	})
	return t.Flush()
}

// yamlValue formats v so that YAML reads back the same value, with quotes if necessary.
func yamlValue(v pflag.Value) string {
	if v.Type() != "string" {
		return v.String()
	}
	return yamlText(v.String())
}

func yamlText(s string) string {
	text, err := yaml.Marshal(s)
	if err != nil { // a string can always be written
		return ""
	}
	return strings.TrimSpace(string(text))
}

const help = `Serve memories over HTTP until SIGINT or SIGTERM.

Usage:
  sigil serve [flags]

Examples:
  # Keep memories under the home folder, for this machine only
  sigil serve

  # Let untouched memories live for four months instead of one
  sigil serve --half-life 28d

  # Let memories fade like those of the system that Sigil replaces: after 95 s untouched
  sigil serve --policy classic

  # At most 100,000 memories and 1 GiB per tenant; those nearest to their deadlines are evicted
  sigil serve --max-memories 100000 --max-bytes 1GiB

  # Share one memory with other daemons, in PostgreSQL
  sigil serve --store postgres://sigil@db.example/sigil

  # Show the settings in force, and save them as a file
  sigil serve --print-config > sigil.yaml
  sigil serve --config sigil.yaml

Every flag is also a variable (SIGIL_HALF_LIFE for --half-life) and a key of the --config file
(half-life). A flag overrides a variable, which overrides the file. Durations may have days: 90s, 36h, 7d.
On SIGHUP, sigil reads variables and file again and applies the policy and its figures, the limits of a tenant, notices,
what can be restored, how long the journal is kept and the log level. On SIGUSR2, or better with sigil reload, the program that is
then on disk, with all its settings, replaces this process; no request fails. Sockets that systemd passes are served instead of --addr.

Flags:
`

func (l *Loaded) printHelp(w io.Writer) error {
	_, err := io.WriteString(w, help+l.help)
	return err
}
