package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/sigil-dna/sigil/store"
)

// searching are the settings that are compared: the default one, the one in between, and the one that the others are
// compared with.
var searching = []struct {
	name     string
	settings store.SearchSettings
	flag     string // of the daemon
}{
	{"words and meaning", store.SearchSettings{}, "--meaning=built-in"},
	{"words", store.SearchSettings{Meaning: store.MeaningOff}, "--meaning=off"},
	{"search off", store.SearchSettings{Off: true}, "--search=off"},
}

// searchEncode measures durable encodes in process and imports, with indexes of their words and meaning and without.
func searchEncode(ctx context.Context, b *bench) (string, error) {
	rows := table{{"", "", "memories/s", "p50", "p99", "p99.9", "÷ off: median (min to max)", "target"}}
	known, err := b.knownWords()
	if err != nil {
		return "", err
	}
	texts := newTexts(known)
	fresh := texts.fresh()
	for _, t := range []struct {
		callers int
		least   []target // of the settings with search
	}{{64, []target{atLeast(0.5), atLeast(0.6)}}, {1000, []target{atLeast(0.3), atLeast(0.4)}}} {
		var sides []side
		for _, s := range searching {
			sides = append(sides, side{s.name, "", func(ctx context.Context) (figure, error) {
				return b.withSearching(s.settings, func(e *embedded) (figure, error) {
					return b.load(ctx, t.callers, func(i uint64) error {
						_, err := e.Encode(ctx, tenant, fresh(i))
						return err
					})
				})
			}})
		}
		all, err := b.compare(ctx, fmt.Sprintf("search, %d callers encode", t.callers), sides...)
		if err != nil {
			return "", err
		}
		rows = append(rows, toOff("encode, callers: "+strconv.Itoa(t.callers), all, t.least...)...)
	}
	all, err := b.importsSearching(ctx, texts)
	if err != nil {
		return "", err
	}
	rows = append(rows, toOff("sigil import", all, target{}, target{})...)
	on := all[0].of(rate)
	return append(rows, []string{"sigil import", all[0].name + ": memories/s", "", "", "", "", on.String(), atLeast(40_000).say(on)}).String(), nil
}

// withSearching calls use with an engine over a new store, and removes the store.
func (b *bench) withSearching(o store.SearchSettings, use func(*embedded) (figure, error)) (f figure, err error) {
	dir, err := os.MkdirTemp(b.scratch, "store")
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	e, err := openSearching(dir, nil, o)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, e.store.Close()) }()
	return use(e)
}

// toOff returns a row for each of the settings. The targets are for the ratios of their rates to that of the last.
func toOff(label string, all []measured, targets ...target) (rows table) {
	for _, m := range all {
		rows = append(rows, []string{label, m.name, number(m.of(rate).median), span(m.of(p50)), span(m.of(p99)), span(m.of(p999)), "", ""})
	}
	for i, t := range targets {
		r := ratio(all[i], all[len(all)-1], rate)
		rows[i][6], rows[i][7] = r.String(), t.say(r)
	}
	return rows
}

// importsSearching measures `sigil import` of a file of texts.
func (b *bench) importsSearching(ctx context.Context, t *texts) (_ []measured, err error) {
	file := filepath.Join(b.scratch, "texts.ndjson")
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.Remove(file)) }()
	w := bufio.NewWriterSize(f, 1<<20)
	for i := range uint64(b.memories) {
		_, _ = w.Write(append(t.data(i), '\n')) // Flush returns the error
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		return nil, err
	}
	var sides []side
	for _, s := range searching {
		sides = append(sides, side{s.name, "", func(ctx context.Context) (figure, error) {
			return b.withDaemon(ctx, func(d *daemon) (figure, error) {
				begin := time.Now()
				p, err := b.start(b.sigil, "import", "--addr="+d.addr, file)
				if err != nil {
					return figure{}, err
				}
				p.watch(ctx)
				took := time.Since(begin)
				return perSecond(b.memories, took), p.stop(syscall.SIGTERM)
			}, s.flag)
		}})
	}
	return b.compare(ctx, "search, import", sides...)
}
