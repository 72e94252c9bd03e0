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

// maxValue is the maximum number of bytes read for one value. A daemon accepts less; this only protects the memory of
// this machine from a wrong file.
const maxValue = 16 << 20

// draftFlags are the flags of encode and import, which apply to every memory.
type draftFlags struct {
	state, file, key string
	onDuplicate      string
	ttl, life        duration
	policy           string
	pin              bool
	tags             []string
	vector           string
	similar          float64
}

func (a *app) encode() *cobra.Command {
	var d draftFlags
	c := a.quietFlag(&cobra.Command{
		Use:   "encode [JSON | @FILE | -]",
		Short: "Encode one or more memories",
		Long: `Encode stores JSON values as memories.

An argument is one value; @FILE names a file that has one. Without an argument, or with -,
every line of standard input is one value (NDJSON). The same is true for the lines of a file
whose name ends in .ndjson or .jsonl. In a JSON array over several lines, each element is a
value. Lines are sent in batches, a bad line does not affect the others, and the flags apply to
all of them.

A single memory is printed in full. Many memories are encoded in the order of their lines and
printed only with --quiet (their ids) or --json (with the number of the "line" or element).
Refused lines are reported with their numbers.

A value whose content is there already is encoded all the same, unless --on-duplicate chooses
otherwise. reinforce recalls the memory that has it, and adds the tags that it lacks; reject
refuses the value.

With --similar 0.9 the answer names up to ten memories that are about the same: those whose
vectors are at a cosine of at least 0.9 (1 is the same, 0 has nothing in common).

A --ttl is a hard end; until then the memory fades like any other. To keep something for two
months, give it a life of its own: --life 60d, which begins anew with each recall; or pin it: --pin --ttl 60d;
or let all memories live longer (sigil serve --half-life).
Encode warns if a ttl is longer than the memory lives untouched.`,
		Example: `  sigil encode '{"note":"tea at five"}'
  sigil encode --state '{"phi":0.9,"coherence":0.95}' --tag work '"remember me"'
  sigil encode --ttl 7d --pin @letter.json
  sigil encode --life 365d '"the spare key is with Ada"'
  sigil encode --on-duplicate reinforce --tag tea '"kettle in the attic"'
  sigil encode --similar 0.9 '"the kettle is up in the attic"'
  sigil encode --quiet < memories.ndjson > ids.txt`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError("give one value: JSON with spaces needs quotes around it")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.runEncode(cmd, d, args) },
	})
	c.Flags().StringVar(&d.file, "file", "", "read this `file`, like @FILE")
	d.add(c)
	return c
}

func (d *draftFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&d.state, "state", "", "a JSON `object` of phi, coherence, awareness, emotionalResonance, each from 0 to 1")
	f.Var(&d.ttl, "ttl", "end the memory after this `time`, such as 90s, 36h or 7d; it may fade earlier")
	f.Lookup("ttl").DefValue = ""
	f.Var(&d.life, "life", "let the memory live for this `time` untouched, such as 365d, instead of as long as its policy says")
	f.Lookup("life").DefValue = ""
	f.StringVar(&d.policy, "policy", "", "give the memory this `policy` of its own, such as \"halflife h=30d\", instead of its tenant's")
	_ = c.RegisterFlagCompletionFunc("policy", oneOfThese("halflife", "classic", "power", "fsrs")) // fails only if there is no such flag
	f.BoolVar(&d.pin, "pin", false, "keep it from fading; with --ttl, until that ends")
	f.StringArrayVar(&d.tags, "tag", nil, "add a `label`; may be repeated")
	f.StringVar(&d.vector, "vector", "", "your own vector of what it means, a JSON `array` of 1 to 4,096 numbers; a search by a vector finds it")
	f.StringVar(&d.onDuplicate, "on-duplicate", "keep", "if the content is there already: `keep` both, reinforce the one that is there, or reject this one")
	_ = c.RegisterFlagCompletionFunc("on-duplicate", oneOfThese("keep", "reinforce", "reject")) // fails only if there is no such flag
	f.Float64Var(&d.similar, "similar", 0, "name memories that are near in meaning: at a `cosine` of at least this, over 0 and at most 1")
	f.StringVar(&d.key, "idempotency-key", "", "a command repeated within a day with the same `key` encodes no value twice")
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
		return a.kept(&v)
	})
}

// kept shows a memory that an encode or a correction has kept, and what the daemon warns of.
func (a *app) kept(v *client.Memory) error {
	if err := a.memory(0, v); err != nil {
		return err
	}
	for _, w := range v.Warnings {
		a.complain("warning: " + join(w.Field, w.Detail))
	}
	return nil
}

// draft returns a draft with the values of the flags, without data.
func (d *draftFlags) draft(cmd *cobra.Command) (draft sigil.Draft, err error) {
	draft = sigil.Draft{TTL: time.Duration(d.ttl), Life: time.Duration(d.life), Pinned: d.pin, Tags: d.tags, IdempotencyKey: d.key}
	if d.vector != "" {
		if draft.Vector, err = readVector(d.vector); err != nil {
			return draft, usageError("--vector " + err.Error())
		}
	}
	if cmd.Flags().Changed("ttl") && d.ttl <= 0 {
		return draft, usageError("--ttl must be over 0")
	}
	if cmd.Flags().Changed("life") && d.life <= 0 {
		return draft, usageError("--life must be over 0")
	}
	if cmd.Flags().Changed("on-duplicate") {
		draft.OnDuplicate = sigil.OnDuplicate(d.onDuplicate)
		if draft.OnDuplicate == "" || draft.OnDuplicate.Check() != nil {
			return draft, usageError("--on-duplicate must be keep, reinforce or reject")
		}
	}
	if cmd.Flags().Changed("similar") {
		if draft.Similar = d.similar; !(d.similar > 0 && d.similar <= 1) {
			return draft, usageError("--similar must be over 0 and at most 1")
		}
	}
	if cmd.Flags().Changed("policy") {
		if draft.Policy, err = sigil.ParsePolicy(d.policy); err != nil {
			return draft, usageError("--" + message(err))
		}
	}
	if d.state != "" {
		if draft.State, err = readState(d.state); err != nil {
			return draft, usageError("--" + message(err))
		}
	}
	return draft, nil
}

// readVector reads a vector. The daemon checks its figures.
func readVector(text string) (v []float32, err error) {
	if err := json.Unmarshal([]byte(text), &v); err != nil || len(v) == 0 {
		return nil, errors.New("must be a JSON array of numbers, such as [0.1,-0.25]")
	}
	return v, nil
}

// readState reads a state strictly: if a key occurred twice, one value would be lost.
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
		name, _ := dec.Token() // text is a valid object, so a name precedes each value
		if seen[name.(string)] {
			return nil, sigil.NewInvalid("duplicate_key", "state."+name.(string), "occurs twice")
		}
		seen[name.(string)] = true
		var value json.RawMessage
		err = dec.Decode(&value)
	}
	return &s, nil
}
