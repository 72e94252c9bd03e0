// Command bench measures Sigil beside its peers, everything in one run on one machine, and writes the tables of
// docs/performance.md. It starts and configures all peers itself, on loopback, and leaves nothing running. `make bench`
// builds and runs it.
//
// It is a module of its own, so that Sigil's module does not depend on the drivers of peers.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var b bench
	var seconds float64
	var only, docs, folder string
	var backedUp, erased bool
	flag.IntVar(&b.rounds, "rounds", 5, "how many `times` to repeat each measurement")
	flag.Float64Var(&seconds, "seconds", 2, "`seconds` that one measurement takes")
	flag.IntVar(&b.memories, "memories", 1_000_000, "`number` of memories in the large store")
	flag.StringVar(&only, "only", "", "`names` of the sections to run, separated by commas (default all)")
	flag.StringVar(&b.sigil, "sigil", "bin/sigil", "the sigil `program` to measure")
	flag.StringVar(&docs, "docs", "docs/performance.md", "the `file` to write the tables to")
	flag.StringVar(&folder, "retrieval", "", "measure only how well search answers the questions in a `folder`")
	flag.BoolVar(&backedUp, "backups", false, "measure only encodes beside backups, and print the table")
	flag.BoolVar(&erased, "erasures", false, "measure only erasures, alone and beside encodes, and print the table")
	flag.Parse()
	b.span = time.Duration(seconds * float64(time.Second))
	measure := func() error { return run(ctx, &b, only, docs) }
	if backedUp {
		measure = func() error { return b.besideBackups(ctx) }
	}
	if erased {
		measure = func() error { return b.besideEncodes(ctx) }
	}
	if folder != "" {
		measure = func() error { return b.retrieval(ctx, folder, docs) }
	}
	if err := measure(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// bench is one run: its settings, and what sections share.
type bench struct {
	rounds   int
	span     time.Duration // how long one measurement takes
	memories int
	sigil    string
	lenient  bool // skip sides whose program is not installed

	scratch string // a folder that is removed at the end
	large   *large
	library *library
}

// section measures one thing and returns its tables, in Markdown.
type section struct {
	name string
	run  func(context.Context, *bench) (string, error)
}

func sections() []section {
	return []section{
		{"encode", encode},
		{"http", overHTTP},
		{"bulk", bulk},
		{"import", imports},
		{"recall", recall},
		{"related", related},
		{"sweep", sweep},
		{"open", open},
		{"old", old},
		{"search", search},
		{"search-http", searchOverHTTP},
		{"search-encode", searchEncode},
		{"search-sweep", searchSweep},
		{"search-open", searchOpen},
		{"mcp", assistantTools},
	}
}

// run runs the chosen sections and writes the table of each that succeeds. If a section fails, the others still run.
func run(ctx context.Context, b *bench, only, docs string) (err error) {
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	if b.rounds < 1 || b.span <= 0 || b.memories < 100 {
		return errors.New("needs at least 1 round, more than 0 seconds and 100 memories")
	}
	if err := b.begin(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.end()) }()

	if err := b.missing(); err != nil {
		return err
	}
	machine, err := b.machine()
	if err != nil {
		return err
	}
	fmt.Println(machine)
	if only == "" {
		if err := write(docs, "machine", machine); err != nil {
			return err
		}
	}
	var failed []error
	for _, s := range chosen {
		fmt.Printf("== %s\n", s.name)
		begin := time.Now()
		block, err := s.run(ctx, b)
		if err == nil {
			block += fmt.Sprintf("\n%s: median of ROUNDS=%d, SECONDS=%g, MEMORIES=%d.\n", begin.Format(time.DateOnly), b.rounds, b.span.Seconds(), b.memories)
			fmt.Printf("\n%s(took %s)\n\n", block, time.Since(begin).Round(time.Second))
			err = write(docs, s.name, block)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", s.name, err))
			fmt.Fprintln(os.Stderr, "bench:", failed[len(failed)-1])
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failed...)
}

// choose returns the sections that are named. The name "search" also means all sections whose names begin with "search-".
func choose(only string) ([]section, error) {
	all := sections()
	if only == "" {
		return all, nil
	}
	var chosen []section
	for name := range strings.SplitSeq(only, ",") {
		n := len(chosen)
		for _, s := range all {
			if s.name == name || strings.HasPrefix(s.name, name+"-") {
				chosen = append(chosen, s)
			}
		}
		if len(chosen) == n {
			return nil, fmt.Errorf("there is no section %q", name)
		}
	}
	return chosen, nil
}
