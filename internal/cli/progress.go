package cli

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/sigil-dna/sigil/internal/codesign/tree"
)

// progress shows on a terminal how far a long input has come; nil shows nothing.
type progress struct {
	bar *progressbar.ProgressBar
}

// newProgress returns a progress bar for an input of size bytes, or 0 if unknown. It returns nil if nobody would see
// the bar, or if the bar would mix with data on the same terminal.
func (a *app) newProgress(size int64) *progress {
	if !a.errTerm || a.outTerm && (a.flags.quiet || a.flags.json) {
		return nil
	}
	if size == 0 {
		size = -1
	}
	return &progress{progressbar.NewOptions64(
		size,
		progressbar.OptionSetWriter(a.stderr),
		progressbar.OptionSetDescription("encoding"),
		progressbar.OptionShowBytes(true),
		progressbar.OptionSetWidth(20),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetSpinnerChangeInterval(0), // otherwise the library starts a goroutine for it
		progressbar.OptionClearOnFinish(),
	)}
}

// at shows that read bytes have been read and encoded memories encoded.
func (p *progress) at(read int64, encoded int) {
	if p == nil {
		return
	}
	p.bar.Describe(fmt.Sprintf("encoded %d", encoded))
	_ = p.bar.Set64(read) // without the bar, the import still works
}

// clear removes the bar, so that a message can be printed.
func (p *progress) clear() {
	if p != nil {
		_ = p.bar.Clear()
	}
}

func (p *progress) end() {
	if p != nil {
		_ = p.bar.Finish()
		_ = p.bar.Clear()
	}
}

// countProgress shows on a terminal how many files or memories are done; nil shows nothing.
type countProgress struct {
	bar *progressbar.ProgressBar
}

// newFileProgress returns a progress bar for the files that paths name, which it counts first. It returns nil under the
// conditions of newProgress.
func (a *app) newFileProgress(done string, paths []string, root string) *countProgress {
	if !a.errTerm || a.outTerm && a.flags.json {
		return nil
	}
	total := 0
	for _, err := range tree.Files(paths, root) {
		if err == nil {
			total++
		}
	}
	return a.newCountProgress(done, total)
}

// newCountProgress returns a progress bar for total things. It returns nil under the conditions of newProgress.
func (a *app) newCountProgress(done string, total int) *countProgress {
	if !a.errTerm || a.outTerm && a.flags.json {
		return nil
	}
	return &countProgress{progressbar.NewOptions(
		total,
		progressbar.OptionSetWriter(a.stderr),
		progressbar.OptionSetDescription(done),
		progressbar.OptionShowCount(),
		progressbar.OptionSetWidth(20),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)}
}

// set shows that n of total are done.
func (p *countProgress) set(n, total int) {
	if p != nil {
		p.bar.ChangeMax(total)
		_ = p.bar.Set(n) // a bar that cannot be drawn does no harm
	}
}

func (p *countProgress) next() {
	if p != nil {
		_ = p.bar.Add(1) // a bar that cannot be drawn does no harm
	}
}

// clear makes room for a line of words.
func (p *countProgress) clear() {
	if p != nil {
		_ = p.bar.Clear()
	}
}

func (p *countProgress) end() {
	if p != nil {
		_ = p.bar.Finish()
		_ = p.bar.Clear()
	}
}
