package cli

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// maxValue is the most bytes of one value that are read at all. What a daemon takes is less; this
// only keeps a wrong file from filling the memory.
const maxValue = 16 << 20

// draftFlags are encode's flags, which apply to every memory it keeps.
type draftFlags struct {
	state, file, key string
	ttl              duration
	pin              bool
	tags             []string
}

func (a *app) encode() *cobra.Command {
	var d draftFlags
	c := a.quietFlag(&cobra.Command{
		Use:   "encode [JSON | @FILE | -]",
		Short: "Keep one or more memories",
		Long: `Encode keeps JSON values.

An argument is one value; @FILE names a file that holds one. Without an argument, or with -,
every line of standard input is one value (NDJSON); so is every line of a file that ends in
.ndjson or .jsonl. In a JSON array over several lines, each element is a value. Lines are sent in
batches, a bad one does not affect the others, and the flags apply to all of them.

A single memory is printed in full. Many are kept in the order of their lines, and printed only
as --quiet or --json asks: ids, or memories with the number of the "line" (or element)
that each was. Refused lines are reported with their numbers.

A --ttl is a hard end; until then the memory fades like any other. To keep something for two
months, pin it: --pin --ttl 60d; or make the daemon's memories live longer (sigil serve --half-life).
There is a warning if a ttl is longer than the memory lives untouched.`,
		Example: `  sigil encode '{"note":"tea at five"}'
  sigil encode --state '{"phi":0.9,"coherence":0.95}' --tag work '"remember me"'
  sigil encode --ttl 7d --pin @letter.json
  sigil encode --quiet < memories.ndjson > ids.txt`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError("give one value: JSON with spaces needs quotes around it")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.runEncode(cmd, d, args) },
	})
	c.Flags().StringVar(&d.file, "file", "", "read this `file`; the same as @FILE")
	d.add(c)
	return c
}

// importLines is encode for many.
func (a *app) importLines() *cobra.Command {
	var d draftFlags
	c := &cobra.Command{
		Use:   "import [FILE | -]",
		Short: "Keep every line of a file, fast",
		Long: `Import keeps every line of a file, or of standard input, as encode does with NDJSON, with several batches
in flight, and prints only what was refused. So memories are not made in the order of
their lines; use encode for that. --json prints the "line" and "id" of each.

In a JSON array over several lines each element is kept; so it is in one on a single line, if the file ends
in .json. Import stops if the input is not lines of JSON at all, and at memories in the form that export
writes, which it cannot import yet.

If it stops half-way, it reports the line, and which later lines were kept. With
--idempotency-key it may be repeated within a day, and no line is kept twice: correct what was refused,
and give the whole input again. A line is recognized by its content, wherever it is; equal lines are counted.
A changed line is a new one. This takes about 30 bytes of memory a line.`,
		Example: `  sigil import memories.ndjson
  zcat memories.ndjson.gz | sigil import --pin --ttl 30d`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, given []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(given) > 0 {
				return nil, noFiles
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.runImport(cmd, d, args) },
	}
	d.add(c)
	return c
}

func (a *app) runImport(cmd *cobra.Command, flags draftFlags, args []string) error {
	draft, err := flags.draft(cmd)
	if err != nil {
		return err
	}
	in, size := a.stdin, a.inSize
	named := "" // a file
	switch {
	case len(args) == 1 && args[0] != "-":
		file, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer file.Close() //nolint:errcheck // it was only read from
		in, size, named = file, sizeOf(file), args[0]
	case a.inTerm:
		return usageError("give a FILE, or NDJSON on standard input")
	}
	const inFlight = 4 // while one is on the disk, one is read there, one is on its way, and one is made here
	lines := newLineReader(in, maxValue)
	lines.anyArray = filepath.Ext(named) == ".json"
	return a.load(cmd.Context(), &loader{
		app: a, draft: draft, lines: lines, bar: a.newProgress(size), inFlight: inFlight, silent: true,
	})
}

func (d *draftFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&d.state, "state", "", "a JSON `object` of phi, coherence, awareness, emotionalResonance, each from 0 to 1")
	f.Var(&d.ttl, "ttl", "a hard end after this `time`, such as 90s, 36h or 7d; the memory may fade earlier")
	f.Lookup("ttl").DefValue = ""
	f.BoolVar(&d.pin, "pin", false, "keep it from fading; with --ttl, until then")
	f.StringArrayVar(&d.tags, "tag", nil, "a `label`; may be given again")
	f.StringVar(&d.key, "idempotency-key", "", "with the same `key` within a day, a repeated command keeps no value twice")
}

func (a *app) runEncode(cmd *cobra.Command, flags draftFlags, args []string) error {
	draft, err := flags.draft(cmd)
	if err != nil {
		return err
	}
	arg := ""
	if len(args) == 1 {
		arg = args[0]
	}
	path, isFile := strings.CutPrefix(arg, "@")
	if flags.file != "" {
		if arg != "" {
			return usageError("--file and an argument cannot be combined")
		}
		path, isFile = flags.file, true
	}
	switch {
	case isFile:
		return a.encodeFile(cmd, draft, path)
	case arg == "" && len(args) == 0 && a.inTerm:
		return usageError("give a JSON value, @FILE, or NDJSON on standard input")
	case arg == "-" || len(args) == 0:
		return a.encodeLines(cmd.Context(), draft, a.stdin, a.inSize)
	}
	draft.Data = json.RawMessage(arg)
	err = a.encodeOne(cmd, draft)
	if local := (*sigil.Error)(nil); errors.As(err, &local) && local.Code == "invalid_json" {
		return sigil.NewInvalid(local.Code, local.Field, local.Detail+` (text needs quotes of its own: '"hello"')`)
	}
	return err
}

func (a *app) encodeFile(cmd *cobra.Command, draft sigil.Draft, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read from
	switch filepath.Ext(path) {
	case ".ndjson", ".jsonl":
		return a.encodeLines(cmd.Context(), draft, file, sizeOf(file))
	}
	draft.Data, err = io.ReadAll(io.LimitReader(file, maxValue+1))
	if err != nil {
		return err
	}
	if len(draft.Data) > maxValue {
		return sigil.NewTooLarge("data_too_large", path, "has more than "+size(maxValue))
	}
	return about(path, a.encodeOne(cmd, draft))
}

func (a *app) encodeOne(cmd *cobra.Command, draft sigil.Draft) error {
	return a.with(func(c *client.Client) error {
		v, err := c.Encode(cmd.Context(), draft)
		if err != nil {
			return err
		}
		if err := a.memory(0, &v); err != nil {
			return err
		}
		for _, w := range v.Warnings {
			a.complain("warning: " + join(w.Field, w.Detail))
		}
		return nil
	})
}

// draft returns the draft of the flags, without data.
func (d *draftFlags) draft(cmd *cobra.Command) (draft sigil.Draft, err error) {
	draft = sigil.Draft{TTL: time.Duration(d.ttl), Pinned: d.pin, Tags: d.tags, IdempotencyKey: d.key}
	if cmd.Flags().Changed("ttl") && d.ttl <= 0 {
		return draft, usageError("--ttl must be over 0")
	}
	if d.state != "" {
		if draft.State, err = readState(d.state); err != nil {
			return draft, usageError("--" + message(err))
		}
	}
	return draft, nil
}

// readState reads a state strictly: of a key that stands twice, one would be lost.
func readState(text string) (*sigil.State, error) {
	var s sigil.State
	if !json.Valid([]byte(text)) {
		return nil, sigil.NewInvalid("invalid_json", "state", "is not valid JSON")
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return nil, err
	}
	dec := json.NewDecoder(strings.NewReader(text))
	seen := map[string]bool{}
	for _, err := dec.Token(); err == nil && dec.More(); {
		name, _ := dec.Token() // valid, and an object: a name, then a value
		if seen[name.(string)] {
			return nil, sigil.NewInvalid("duplicate_key", "state."+name.(string), "occurs twice")
		}
		seen[name.(string)] = true
		var value json.RawMessage
		err = dec.Decode(&value)
	}
	return &s, nil
}
