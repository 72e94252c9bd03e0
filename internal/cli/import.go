package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/imports"
)

// fromLines is the format of values without anything around them.
const fromLines = "lines"

// importFlags are the flags that only import has.
type importFlags struct {
	draftFlags
	from, conversations string
	dryRun, asNew       bool
}

// importLines returns the import command: encode for many memories.
func (a *app) importLines() *cobra.Command {
	var f importFlags
	formats := append([]string{fromLines}, imports.Formats()...)
	c := &cobra.Command{
		Use:   "import [FILE | FOLDER | -]",
		Short: "Encode every line of a file, or what another system exported, fast",
		Long: `Import encodes every line of a file, or of standard input, like encode with NDJSON, but with
several batches in flight, and prints only refused lines; at the end it counts those whose content
was there already. Therefore memories are not created in
the order of their lines; use encode for that. --json prints the "line" and "id" of each.

In a JSON array over several lines each element is a value, and in an array on a single line too
if the file's name ends in .json. Import stops if the input is not lines of JSON.

The memories of sigil export come back as they were, with their ids, ages, recalls, deadlines,
policies and tenants. The checksum of a file is verified first. That can be repeated at any time:
what is there is left as it is, so an import that was stopped goes on when it is run again. What
has faded since is counted, and not inserted. --dry-run asks the daemon what would happen.

It also reads the exports of other systems, and with --as-new makes new memories of those of sigil
export. It recognizes them, and says so; --from chooses a format. The report says how many things were left out or changed, why,
and where the first are; --json prints all of them, and the "place" and "id" of each memory.
--dry-run reads everything, sends nothing, and prints the same report. When a memory was made is
in its data, as createdAt, since its age starts with the import. With --as-new, memories of sigil
export keep their data, tags, state, vector, pin, life and tenant, and the end of their ttl.

  lines       each line is a value
  sigil       sigil export, sigil list --json
  sigil-dna   the stack that Sigil replaces: its LevelDB folder, or a JSON file of its memories
  mcp-memory  the MCP reference memory server's file
  mem0        mem0's get_all: JSON or JSON lines; OpenMemory's export (zip)
  letta       an agent file, or exported passages
  zep         answers of Zep's API: messages, facts, edges, nodes, episodes
  claude      Claude's data export: zip, or conversations.json
  chatgpt     ChatGPT's data export: the same

If it stops half-way, it reports at which line, and which later lines were encoded. With
--idempotency-key it can be repeated within a day, and no line is encoded twice: correct the
refused lines, and import the whole input again. A line is recognized by its content, wherever it
is; equal lines are counted. A changed line is a new one. This takes about 30 bytes of memory per
line. Exports of other systems need no key for that. After a day, use --on-duplicate reinforce.`,
		Example: `  sigil import memories.ndjson
  zcat memories.ndjson.gz | sigil import --pin --ttl 30d
  sigil import --dry-run memory.jsonl
  sigil import --from chatgpt --conversations notes --tag chatgpt export.zip`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, given []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(given) > 0 {
				return nil, noFiles
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.runImport(cmd, f, args) },
	}
	c.Flags().StringVar(&f.from, "from", "", "the `format`; unless it is given, it is recognized")
	_ = c.RegisterFlagCompletionFunc("from", oneOfThese(formats...)) // fails only if there is no such flag
	c.Flags().StringVar(&f.conversations, "conversations", "turns", "make a memory of each turn of a conversation, or a note of each conversation: `turns|notes`")
	c.Flags().BoolVar(&f.asNew, "as-new", false, "make new memories of those of an export, with new ids and ages")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "only report what would be encoded, left out and changed")
	f.add(c)
	return c
}

func (a *app) runImport(cmd *cobra.Command, f importFlags, args []string) error {
	draft, err := f.draft(cmd)
	switch {
	case err != nil:
		return err
	case f.from != "" && f.from != fromLines && !slices.Contains(imports.Formats(), f.from):
		return usageError("--from must be " + list(append([]string{fromLines}, imports.Formats()...)))
	case f.conversations != "turns" && f.conversations != "notes":
		return usageError("--conversations must be turns or notes")
	}
	var input inputs
	defer input.close()
	if err := input.open(a, args); err != nil {
		return err
	}
	if f.forRestore() {
		exported, err := input.export(maxValue)
		if err != nil {
			return err
		}
		if exported != nil {
			if err := onlyAsNew(cmd); err != nil {
				return err
			}
			return a.importBack(cmd.Context(), exported, input.size, f.dryRun)
		}
	}
	if err := input.recognize(a, &f); err != nil {
		return err
	}
	const inFlight = 4 // one on the daemon's disk, one being read by it, one on its way, and one being made here
	l := &loader{app: a, draft: draft, bar: a.newProgress(input.size), inFlight: inFlight, silent: true}
	if input.source == nil {
		lines := newLineReader(input.in, maxValue)
		lines.anyArray = filepath.Ext(input.named) == ".json"
		l.feed = &lineFeed{lineReader: lines}
		if f.dryRun {
			return a.dryRun(l)
		}
		return a.load(cmd.Context(), l)
	}
	if input.source.Guessed {
		a.say("it looks like %s, and is read as that; --from chooses another format", input.source.Format)
	}
	next, stop := iter.Pull2(input.source.All())
	defer stop()
	l.report = &importReport{app: a}
	tenant, _ := a.setting(a.flags.tenant, "--tenant", "SIGIL_TENANT")
	l.feed = &importFeed{source: input.source, pull: next, report: l.report, tenant: tenant}
	flags, err := json.Marshal(draft) // the same memories with other flags are others
	if err != nil {
		return err
	}
	l.keys = newLineKeys(fmt.Sprintf("import %s %s", input.source.Format, flags))
	if f.dryRun {
		return a.dryRun(l)
	}
	return a.load(cmd.Context(), l)
}

// inputs is what an import reads: source, or in if it has lines.
type inputs struct {
	in     io.Reader
	size   int64  // 0 if unknown
	named  string // the name of the file, or ""
	source *imports.Source
	file   *os.File
}

func (i *inputs) close() {
	if i.source != nil {
		_ = i.source.Close() // it was only read from
	}
	if i.file != nil {
		_ = i.file.Close() // likewise
	}
}

// open opens the file, or takes standard input.
func (i *inputs) open(a *app, args []string) (err error) {
	i.in, i.size = a.stdin, a.inSize
	if len(args) == 1 && args[0] != "-" {
		if i.file, err = os.Open(args[0]); err != nil {
			return err
		}
		i.in, i.size, i.named = i.file, sizeOf(i.file), args[0]
	} else if a.inTerm {
		return usageError("give a FILE, or NDJSON on standard input")
	}
	return nil
}

// recognize sets source, unless the input is lines of values.
func (i *inputs) recognize(a *app, f *importFlags) (err error) {
	if f.from == fromLines {
		return nil
	}
	o := &imports.Options{Notes: f.conversations == "notes", Now: a.now()}
	if info, err := i.stat(); err == nil && (info.IsDir() || info.Mode().IsRegular()) {
		i.source, err = imports.Open(i.named, imports.Format(f.from), o)
		return about(i.named, err)
	}
	const buffer = 64 << 10 // the same as that of lines
	in := bufio.NewReaderSize(i.in, buffer)
	i.in = in
	i.source, err = imports.Stream(in, imports.Format(f.from), o)
	return err
}

func (i *inputs) stat() (os.FileInfo, error) {
	if i.file == nil {
		return nil, os.ErrInvalid
	}
	return i.file.Stat()
}

// plannedMemory is what --dry-run --json prints of a memory.
type plannedMemory struct {
	Place  string          `json:"place,omitempty"`
	Line   int             `json:"line,omitempty"`
	Data   json.RawMessage `json:"data"`
	Tags   []string        `json:"tags,omitempty"`
	TTL    string          `json:"ttl,omitempty"`
	Life   string          `json:"life,omitempty"`
	Pinned bool            `json:"pinned,omitempty"`
	Tenant string          `json:"tenant,omitempty"`
}

// dryRun reads all that l would encode, and sends nothing.
func (a *app) dryRun(l *loader) error {
	if l.keys == nil {
		l.keys = newLineKeys("")
	}
	would, refused := 0, 0
	refuse := func(err error) {
		refused++
		l.bar.clear()
		a.complain(message(about(fmt.Sprintf("%s %d", l.feed.name(), l.feed.at()), err)))
	}
	for {
		p, err := l.feed.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, errLongLine) {
			refuse(errLongValue)
			continue
		}
		if err != nil {
			l.bar.end()
			a.planned(l, would, refused)
			return l.stopped(err)
		}
		d := l.draftOf(p)
		if err := checkLine(d.Data); err != nil {
			refuse(err)
			continue
		}
		would++
		l.bar.at(l.feed.bytes(), would)
		if !a.flags.json {
			continue
		}
		planned := plannedMemory{Data: d.Data, Tags: d.Tags, Pinned: d.Pinned, Tenant: p.tenant()}
		if d.TTL > 0 {
			planned.TTL = sigil.FormatDuration(d.TTL.Round(time.Second))
		}
		if d.Life > 0 {
			planned.Life = sigil.FormatDuration(d.Life)
		}
		if p.memory == nil {
			planned.Line = l.feed.at()
		} else {
			planned.Place = p.memory.Place
		}
		if err := a.json(planned); err != nil {
			return err
		}
	}
	l.bar.end()
	a.planned(l, would, refused)
	if refused > 0 {
		return exitError(exitRefused)
	}
	return nil
}

func (a *app) planned(l *loader, would, refused int) {
	a.say("would encode %d, failed %d; nothing was sent", would, refused)
	if l.report != nil {
		l.report.print()
	}
}
