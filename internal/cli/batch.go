package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/imports"
)

// A batch is sent once it has this many lines or bytes: enough to make the way to the daemon and its disk cheap, and
// little enough for the memory of any machine.
const (
	batchLines = 1000
	batchBytes = 1 << 20
)

// How often, and at what interval, to retry a line that another import is encoding.
const (
	inFlightTries = 50
	inFlightWait  = 100 * time.Millisecond
)

// maxNotJSON is the number of lines after which an import stops if none of them is JSON.
const maxNotJSON = 10

var errNotJSON = sigil.NewInvalid("lines_wanted", "", "none of the lines so far is JSON: either each line must be a JSON value, or the whole file a JSON array")

// maxWarnings is the maximum number of different warnings that are printed after an import.
const maxWarnings = 10

// loader encodes each line of an input.
type loader struct {
	app    *app
	client *client.Client
	draft  sigil.Draft // what all lines have in common
	keys   *lineKeys   // nil without an idempotency key
	feed   feed
	held   *piece        // a piece of the next batch, which has another tenant, or nil
	report *importReport // nil for lines
	// tenants are the clients of those that the input names.
	tenants map[string]*client.Client
	bar     *progress
	// inFlight is the maximum number of batches in flight, at least 1.
	inFlight int
	silent   bool // encoded memories are not printed

	encoded, failed int
	duplicates      int // of those that were encoded
	reinforced      int // lines whose content was there, and was recalled instead
	already         int // memories with a ttl that this import has encoded before
	warnings        []warned
}

// warned is a warning, and the number of memories that it is about.
type warned struct {
	client.Warning
	memories int
}

// refusal is a line that was not encoded.
type refusal struct {
	line  int
	place string // of a memory of another format, or ""
	err   error
}

// batch is lines in flight, of one tenant. numbers are the line numbers of drafts, and found what an import knows of them, or nil;
// refused are lines that were not sent.
type batch struct {
	client  *client.Client
	tenant  string
	drafts  []sigil.Draft
	numbers []int
	found   []*imports.Memory
	bytes   int
	refused []refusal

	// done is closed once items and err are known.
	done  chan struct{}
	items []outcome
	err   error
}

// outcome is the result of a draft.
type outcome struct {
	item client.BatchItem
	err  error
}

// encodeLines encodes every line of in. size is the length of in in bytes, or 0 if unknown.
func (a *app) encodeLines(ctx context.Context, draft sigil.Draft, in io.Reader, size int64) error {
	return a.load(ctx, &loader{app: a, draft: draft, feed: &lineFeed{lineReader: newLineReader(in, maxValue)}, bar: a.newProgress(size), inFlight: 1})
}

func (a *app) load(ctx context.Context, l *loader) error {
	return a.with(func(c *client.Client) error {
		begin := time.Now()
		l.client = c
		if l.keys == nil && l.draft.IdempotencyKey != "" {
			l.keys = newLineKeys(l.draft.IdempotencyKey)
		}
		err := l.run(ctx)
		l.closeTenants()
		l.bar.end()
		a.say("%s", l.summary(time.Since(begin)))
		if l.report != nil {
			l.report.print()
		}
		for _, w := range l.warnings {
			a.complain(fmt.Sprintf("warning: %s of %s: %s", w.Field, count(w.memories, "memory", "memories"), w.Detail))
		}
		if err != nil {
			return err
		}
		if l.failed > 0 {
			return exitError(exitRefused)
		}
		return nil
	})
}

func (l *loader) run(ctx context.Context) (err error) {
	var pending []*batch // in the order of their lines
	for last := false; !last; {
		b := &batch{done: make(chan struct{})}
		if last, err = l.read(b); err != nil {
			last, err = true, l.stopped(err)
		}
		pending = append(pending, b)
		// This goroutine ends with its request, which run waits for.
		go func() {
			defer close(b.done)
			b.items, b.err = l.settle(ctx, b.client, b.drafts)
		}()
		for len(pending) == l.inFlight || len(pending) > 0 && (last || l.feed.idle()) {
			failed := l.take(pending[0])
			pending = pending[1:]
			if failed == nil {
				continue
			}
			for _, b := range pending { // of the later batches in flight, report only what was encoded
				if l.take(b) == nil && len(b.numbers) > 0 {
					l.bar.clear()
					l.app.complain(fmt.Sprintf("%s %d to %d were kept", l.several(), b.numbers[0], b.numbers[len(b.numbers)-1]))
				}
			}
			return failed
		}
	}
	return err
}

// stopped returns an error of the input as one that says how far it was read.
func (l *loader) stopped(err error) error {
	if refused := (*sigil.Error)(nil); errors.As(err, &refused) {
		return about(fmt.Sprintf("stopped at %s %d", l.feed.name(), max(1, l.feed.at())), err)
	}
	return fmt.Errorf("cannot read %s %d: %w", l.feed.name(), l.feed.at()+1, err)
}

// several returns the plural of what the input consists of.
func (l *loader) several() string {
	if l.report != nil {
		return "memories"
	}
	return l.feed.name() + "s"
}

// errLongValue refuses a value that is too long for any daemon.
var errLongValue = sigil.NewTooLarge("data_too_large", "data", "has more than "+size(maxValue))

// read fills a batch. last is true at the end of the input.
func (l *loader) read(b *batch) (last bool, err error) {
	b.client = l.client
	for len(b.drafts)+len(b.refused) < batchLines && b.bytes < batchBytes {
		if l.feed.idle() && len(b.drafts)+len(b.refused) > 0 {
			return false, nil // slow input is encoded as it arrives
		}
		p, err := l.nextPiece()
		switch {
		case errors.Is(err, io.EOF):
			return true, nil
		case errors.Is(err, errLongLine):
			b.refused = append(b.refused, refusal{line: l.feed.at(), err: errLongValue})
			continue
		case err != nil:
			return false, err
		}
		if tenant := l.tenantOf(p); tenant != b.tenant {
			if len(b.drafts) > 0 {
				l.held = &p
				return false, nil
			}
			if b.client, err = l.clientOf(tenant); err != nil {
				return false, err
			}
			b.tenant = tenant
		}
		b.drafts, b.numbers, b.bytes = append(b.drafts, l.draftOf(p)), append(b.numbers, l.feed.at()), b.bytes+len(p.data)
		if p.memory != nil {
			b.found = append(b.found, p.memory)
		}
	}
	return false, nil
}

func (l *loader) nextPiece() (piece, error) {
	if p := l.held; p != nil {
		l.held = nil
		return *p, nil
	}
	return l.feed.next()
}

// checkLine returns an error if a line is not JSON.
func checkLine(line []byte) error {
	if json.Valid(line) {
		return nil
	}
	err := json.Unmarshal(line, new(json.RawMessage))
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) && syntax.Offset < int64(len(line)) {
		return sigil.NewInvalid("invalid_json", "data", fmt.Sprintf("is not valid JSON at byte %d", max(0, syntax.Offset-1)))
	}
	return sigil.NewInvalid("invalid_json", "data", "is not valid JSON at its end")
}

// settle is like send, but retries the drafts that another request with the same key is still encoding, until their
// outcome is known.
func (l *loader) settle(ctx context.Context, c *client.Client, drafts []sigil.Draft) ([]outcome, error) {
	all, err := l.send(ctx, c, drafts)
	for tries := 0; err == nil && tries < inFlightTries; tries++ {
		var at []int
		var again []sigil.Draft
		for i := range all {
			if p := all[i].item.Problem; p != nil && p.Code == "idempotency_in_flight" {
				at, again = append(at, i), append(again, drafts[i])
			}
		}
		if len(at) == 0 {
			break
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(inFlightWait):
		}
		var sent []outcome
		if sent, err = l.send(ctx, c, again); err != nil {
			break
		}
		for i := range sent {
			all[at[i]] = sent[i]
		}
	}
	return all, err
}

// send encodes drafts and returns the result of each. An error means that nothing more can be encoded.
func (l *loader) send(ctx context.Context, c *client.Client, drafts []sigil.Draft) ([]outcome, error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	encode := c.ImportBatch
	if l.app.flags.json && !l.silent {
		encode = c.EncodeBatch
	}
	items, err := encode(ctx, drafts)
	switch n := len(drafts); {
	case err == nil:
		all := make([]outcome, n)
		for i := range items {
			all[i] = outcome{items[i], client.ItemError(items[i])}
		}
		return all, nil
	case errors.Is(err, sigil.ErrInvalid) && slices.ContainsFunc(drafts, notJSON):
		return l.sendJSON(ctx, c, drafts)
	case !errors.Is(err, sigil.ErrTooLarge):
		return nil, err
	case n == 1:
		return []outcome{{err: err}}, nil
	default: // the daemon may accept less at once
		first, err := l.send(ctx, c, drafts[:n/2])
		if err != nil {
			return nil, err
		}
		second, err := l.send(ctx, c, drafts[n/2:])
		return append(first, second...), err
	}
}

func notJSON(d sigil.Draft) bool { return !json.Valid(d.Data) }

// sendJSON is like send, for a batch in which some drafts are not JSON. They would make the daemon refuse the whole
// batch.
func (l *loader) sendJSON(ctx context.Context, c *client.Client, drafts []sigil.Draft) ([]outcome, error) {
	all := make([]outcome, len(drafts))
	var good []sigil.Draft
	var at []int
	for i, d := range drafts {
		if err := checkLine(d.Data); err != nil {
			all[i].err = err
			continue
		}
		good, at = append(good, d), append(at, i)
	}
	sent, err := l.send(ctx, c, good)
	if err != nil {
		return nil, err
	}
	for i := range sent {
		all[at[i]] = sent[i]
	}
	return all, nil
}

// take waits for a batch, prints its results, and reports each refused line, in order, whether the command or the
// daemon refused it.
func (l *loader) take(b *batch) error {
	<-b.done
	refused := b.refused
	for i := range b.items {
		o := &b.items[i]
		if o.err == nil && o.item.Memory == nil && o.item.ID == nil {
			o.err = errors.New("the daemon's answer has no result for it")
		}
		var found *imports.Memory
		place := ""
		if b.found != nil {
			found, place = b.found[i], b.found[i].Place
		}
		if o.err != nil {
			if encodedBefore(found, &o.item) {
				l.already++
				continue
			}
			refused = append(refused, refusal{b.numbers[i], place, o.err})
			continue
		}
		l.count(&o.item)
		l.warn(&o.item)
		if err := l.print(b.numbers[i], place, &o.item); err != nil {
			return err
		}
	}
	l.failed += len(refused)
	if len(refused) > 0 {
		l.bar.clear()
	}
	slices.SortFunc(refused, func(a, b refusal) int { return a.line - b.line })
	for _, r := range refused {
		where := r.place
		if where == "" {
			where = fmt.Sprintf("%s %d", l.feed.name(), r.line)
		}
		l.app.complain(message(about(where, r.err)))
	}
	if b.err != nil {
		return about(fmt.Sprintf("stopped at %s %d", l.feed.name(), b.numbers[0]), b.err)
	}
	l.bar.at(l.feed.bytes(), l.encoded)
	return nil
}

// sizeOf returns the size of a regular file in bytes, or 0 for anything else.
func sizeOf(in any) int64 {
	file, ok := in.(*os.File)
	if !ok {
		return 0
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	return info.Size()
}
