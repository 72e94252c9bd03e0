package daemon

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/goccy/go-yaml"
	"github.com/spf13/pflag"
)

// printConfig writes every setting, its value and where it came from, as a file that --config reads, but without
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

// yamlValue writes v so that YAML reads back the same value, with quotes if necessary.
func yamlValue(v pflag.Value) string {
	if v.Type() != "string" {
		return v.String()
	}
	return yamlText(v.String())
}

func yamlText(s string) string {
	text, err := yaml.Marshal(s)
	if err != nil { // a string always can be written
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

  # Let memories fade as the system did that Sigil replaces: untouched ones after 95 s
  sigil serve --policy classic

  # At most 100,000 memories and 1 GiB a tenant; the least alive make room
  sigil serve --max-memories 100000 --max-bytes 1GiB

  # Share one memory with other daemons, in PostgreSQL
  sigil serve --store postgres://sigil@db.example/sigil

  # See what is in force, and keep it as a file
  sigil serve --print-config > sigil.yaml
  sigil serve --config sigil.yaml

Every flag is also a variable (SIGIL_HALF_LIFE for --half-life) and a key of the --config file
(half-life). A flag beats a variable, which beats the file. Durations are Go's, with days: 90s, 36h, 7d.
SIGHUP reads variables and file again and applies the policy and its figures, the limits of a tenant
and the log level. SIGUSR2, or better sigil reload, puts the program as it lies on disk then, and all
settings, in this one's place; no request fails for it. Sockets that systemd passes are served in place
of --addr.

Flags:
`

func (l *Loaded) printHelp(w io.Writer) error {
	_, err := io.WriteString(w, help+l.help)
	return err
}
