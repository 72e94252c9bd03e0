package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/metrics"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
	"github.com/sigil-dna/sigil/store/pgstore"
)

const checkHelp = `Check all of a store, a data folder or a database: whether every record can be read, whether records that belong
together are all there, whether hashes, frequencies and deadlines follow from contents and policies, whether the memories
match the journal, and the journal its chain, and whether indexes, counts, words and vectors are those of the
memories. Problems are printed on standard error, one per line, each after the name of its check and without content;
the counts are printed on standard output.

No daemon may be running on a data folder. Daemons may keep using a database. Nothing is changed, unless --repair is given:
that makes anew what is derived (indexes, counters, words, vectors of texts), and then checks again. Everything else
is only named: restore it from a backup, or export what is intact.

--metrics writes the result for the textfile collector of Prometheus's node_exporter, once the check is complete.

Usage:
  sigil check [flags]

Examples:
  sigil check
  sigil check --data /var/lib/sigil
  sigil check --store postgres://sigil@db.example/sigil --json
  sigil check --repair

  # Every night, for Prometheus
  sigil check --store postgres://sigil@db.example/sigil --metrics /var/lib/node_exporter/sigil_check.prom

Exit codes: 0 if all is well, or was repaired; 1 if something is damaged or the command failed; 2 for wrong usage.

Flags:
`

// Check is `sigil check`. It reads all of a data folder or a database, and returns the process's exit code.
func Check(ctx context.Context, args []string, stdout, stderr io.Writer, environ []string) int {
	o := &offline{name: "check", stdout: stdout, stderr: stderr}
	return o.run(args, environ, checkHelp, func() error { return o.check(ctx) })
}

// CheckFlags returns the flags of [Check], for showing them.
func CheckFlags() *pflag.FlagSet { return (&offline{name: "check"}).flags("") }

func (o *offline) checkFlags(f *pflag.FlagSet) {
	f.StringVar(&o.store, "store", "", "check a database: its `URL`, postgres://…")
	f.BoolVar(&o.repair, "repair", false, "make anew what is derived and wrong: indexes, counters, words, vectors of texts")
	f.StringVar(&o.metrics, "metrics", "", "write the result to this `file`, as metrics for Prometheus")
	f.BoolVar(&o.json, "json", false, "print the figures as a JSON object")
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
	Removed    int    `json:"removed"`
	Problems   int    `json:"problems"`
	// Checks has the number of problems by check, all of which are there.
	Checks map[string]int `json:"checks"`
	// Found describes the first problems.
	Found []foundProblem `json:"found"`
	// Repaired has the number of records that were repaired, by check.
	Repaired map[string]int `json:"repaired"`
}

type foundProblem struct {
	Check   string `json:"check"`
	Problem string `json:"problem"`
}

func (o *offline) check(ctx context.Context) error {
	begin := time.Now()
	var repaired map[store.Check]int
	if o.repair {
		c, err := o.checkOnce(ctx, true)
		if err != nil {
			return err
		}
		repaired = c.Repaired
	}
	c, err := o.checkOnce(ctx, false)
	if err != nil {
		o.tell(c.Sentences(), c.Wrong)
		return err
	}
	c.Repaired = repaired
	o.tell(c.Sentences(), c.Wrong)
	if err := o.printChecked(&c); err != nil {
		return err
	}
	if o.metrics != "" {
		err := metrics.WriteCheck(o.metrics, metrics.Check{
			Store: c.Store.String(), Problems: byName(c.Found), Repaired: byName(c.Repaired), Memories: c.Memories, Entries: c.Events, Took: time.Since(begin), At: time.Now(),
		})
		if err != nil {
			return fmt.Errorf("--metrics: %w", err)
		}
	}
	if c.Wrong > 0 {
		o.advise(&c)
		return errSaid
	}
	return nil
}

// checkOnce checks the store, or repairs it.
func (o *offline) checkOnce(ctx context.Context, repair bool) (store.Checked, error) {
	if o.store == "" {
		work := pebblestore.Check
		if repair {
			work = pebblestore.Repair
		}
		c, err := work(o.data, o.options())
		if errors.Is(err, sigil.ErrLocked) {
			err = fmt.Errorf("%w; `sigil backup verify --verify full` checks a backup that the daemon makes", err)
		}
		return c, err
	}
	work := pgstore.Check
	if repair {
		work = pgstore.Repair
	}
	return work(ctx, o.store, &pgstore.Options{Logger: slog.New(slog.DiscardHandler)}) // errors are returned
}

// byName returns the counts of all checks by name, as text.
func byName(counts map[store.Check]int) map[string]int {
	all := make(map[string]int, len(store.Checks))
	for _, check := range store.Checks {
		all[string(check)] = counts[check]
	}
	return all
}

func (o *offline) printChecked(c *store.Checked) error {
	if o.json {
		found := []foundProblem{}
		for _, p := range c.Problems {
			found = append(found, foundProblem{string(p.Check), p.Text})
		}
		return json.NewEncoder(o.stdout).Encode(checked{
			c.Memories, c.Bytes, c.Crystals, c.Events, c.Position, c.Answers, c.Signatures, c.Removed, c.Wrong, byName(c.Found), found, byName(c.Repaired),
		})
	}
	if o.repair {
		if _, err := fmt.Fprintf(o.stdout, "repaired: %s\n", list(c.Repaired, "nothing")); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(o.stdout, "%d memories (%d bytes of data), %d crystals of patterns, %d journal entries up to position %d, %d answers under idempotency keys, %d signatures of code, %d removed memories: %d problems%s\n",
		c.Memories, c.Bytes, c.Crystals, c.Events, c.Position, c.Answers, c.Signatures, c.Removed, c.Wrong, list(c.Found, ""))
	return err
}

// list returns counts as text, or none.
func list(counts map[store.Check]int, none string) string {
	var all []string
	for _, check := range store.Checks {
		if n := counts[check]; n > 0 {
			all = append(all, fmt.Sprintf("%s %d", check, n))
		}
	}
	switch {
	case len(all) == 0:
		return none
	case none == "":
		return " (" + strings.Join(all, ", ") + ")"
	}
	return strings.Join(all, ", ")
}

// advise prints what can be done about problems.
func (o *offline) advise(c *store.Checked) {
	derived := 0
	for _, check := range []store.Check{store.CheckIndexes, store.CheckCounters, store.CheckWords, store.CheckVectors} {
		derived += c.Found[check]
	}
	if derived > 0 && !o.repair {
		o.say("indexes, counters, words and vectors of texts can be repaired: run it again with --repair")
	}
	switch {
	case derived == c.Wrong && !o.repair:
	case o.store == "":
		o.say("damaged; `sigil export --salvage --data %s` writes the intact memories", o.data)
	default:
		o.say("damaged; `sigil export --store` writes the memories out, and the database's own backups have what was there before")
	}
}
