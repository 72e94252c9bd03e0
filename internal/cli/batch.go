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
)

// A batch is sent when it has so many lines or bytes: enough to make the way to the daemon and its
// disk cheap, little enough for any machine.
const (
	batchLines = 1000
	batchBytes = 1 << 20
)

// loader keeps one memory a line.
type loader struct {
	app    *app
	client *client.Client
	draft  sigil.Draft // what all lines have in common
	lines  *lineReader
	bar    *progress

	refused         []refusal // since they were last reported
	encoded, failed int
}

// refusal is a line that was not kept.
type refusal struct {
	line int
	err  error
}

// batch is lines on their way. numbers are those of the lines.
type batch struct {
	drafts  []sigil.Draft
	numbers []int
	bytes   int
}

// encodeLines keeps every line of in. size is how many bytes in has; 0 where that is not known.
func (a *app) encodeLines(ctx context.Context, draft sigil.Draft, in io.Reader, size int64) error {
	return a.with(func(c *client.Client) error {
		begin := time.Now()
		l := &loader{app: a, client: c, draft: draft, lines: newLineReader(in, maxValue), bar: a.newProgress(size)}
		err := l.run(ctx)
		l.bar.end()
		a.say("encoded %d, failed %d in %s", l.encoded, l.failed, took(time.Since(begin)))
		if err != nil {
			return err
		}
		if l.failed > 0 {
			return exitError(exitRefused)
		}
		return nil
	})
}

func (l *loader) run(ctx context.Context) error {
	defer l.report()
	for {
		b, last, err := l.read()
		if err != nil {
			return fmt.Errorf("cannot read line %d: %w", l.lines.number+1, err)
		}
		err = l.send(ctx, b)
		l.report()
		if err != nil {
			return about(fmt.Sprintf("stopped at line %d", b.numbers[0]), err)
		}
		l.bar.at(l.lines.read, l.encoded)
		if last {
			return nil
		}
	}
}

// read fills a batch; last tells that the input has ended.
func (l *loader) read() (b batch, last bool, err error) {
	for len(b.drafts)+len(l.refused) < batchLines && b.bytes < batchBytes {
		if l.lines.idle() && len(b.drafts)+len(l.refused) > 0 && l.draft.IdempotencyKey == "" {
			return b, false, nil // what trickles in is kept as it comes
		}
		line, err := l.lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return b, true, nil
		case errors.Is(err, errLongLine):
			l.refuse(l.lines.number, sigil.TooLarge("data_too_large", "data", "has more than "+size(maxValue)))
			continue
		case err != nil:
			return b, false, err
		}
		if err := checkLine(line); err != nil {
			l.refuse(l.lines.number, err)
			continue
		}
		d := l.draft
		d.Data = line
		b.drafts, b.numbers, b.bytes = append(b.drafts, d), append(b.numbers, l.lines.number), b.bytes+len(line)
	}
	return b, false, nil
}

// checkLine finds what is no JSON here, where it spoils no batch.
func checkLine(line []byte) error {
	if json.Valid(line) {
		return nil
	}
	err := json.Unmarshal(line, new(json.RawMessage))
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) && syntax.Offset < int64(len(line)) {
		return sigil.Invalid("invalid_json", "data", fmt.Sprintf("is not valid JSON at byte %d", max(0, syntax.Offset-1)))
	}
	return sigil.Invalid("invalid_json", "data", "is not valid JSON at its end")
}

// send keeps b. Lines that are refused are reported; an error is that nothing more can be kept.
func (l *loader) send(ctx context.Context, b batch) error {
	if len(b.drafts) == 0 {
		return nil
	}
	if l.draft.IdempotencyKey != "" {
		// With a key, batches are cut by content alone, so that the same input has the same keys again.
		key := fmt.Sprintf("%s/%d", l.draft.IdempotencyKey, b.numbers[0])
		for i := range b.drafts {
			b.drafts[i].IdempotencyKey = key
		}
	}
	items, err := l.client.EncodeBatch(ctx, b.drafts)
	if err != nil {
		// A daemon may take less at once than we send.
		if n := len(b.drafts); n > 1 && errors.Is(err, sigil.ErrTooLarge) {
			if err := l.send(ctx, batch{drafts: b.drafts[:n/2], numbers: b.numbers[:n/2]}); err != nil {
				return err
			}
			return l.send(ctx, batch{drafts: b.drafts[n/2:], numbers: b.numbers[n/2:]})
		}
		if len(b.drafts) == 1 && errors.Is(err, sigil.ErrTooLarge) {
			l.refuse(b.numbers[0], err)
			return nil
		}
		return err
	}
	for i, item := range items {
		if err := client.AsError(item); err != nil || item.Memory == nil {
			l.refuse(b.numbers[i], err)
			continue
		}
		l.encoded++
		if a := l.app; a.flags.quiet || a.flags.json {
			if err := a.memory(0, item.Memory); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *loader) refuse(line int, err error) {
	if err == nil {
		err = errors.New("the daemon did not say what became of it")
	}
	l.refused = append(l.refused, refusal{line, err})
	l.failed++
}

// report says which lines were refused, in their order, whoever refused them.
func (l *loader) report() {
	if len(l.refused) == 0 {
		return
	}
	l.bar.clear()
	slices.SortFunc(l.refused, func(a, b refusal) int { return a.line - b.line })
	for _, r := range l.refused {
		l.app.complain(message(about(fmt.Sprintf("line %d", r.line), r.err)))
	}
	l.refused = nil
}

// sizeOf is how many bytes are left in a file; 0 for anything else.
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
