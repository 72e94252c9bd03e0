package cli

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows on a terminal how far a long input has come; nil shows nothing.
type progress struct {
	bar *progressbar.ProgressBar
}

// newProgress returns a progress bar for an input of size bytes; 0 is not known. It returns nil if nobody would see
// the bar, or if it would mix with data on the same terminal.
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
		progressbar.OptionSetSpinnerChangeInterval(0), // otherwise a goroutine of the library turns it
		progressbar.OptionClearOnFinish(),
	)}
}

// at reports that read bytes were read and encoded memories kept.
func (p *progress) at(read int64, encoded int) {
	if p == nil {
		return
	}
	p.bar.Describe(fmt.Sprintf("encoded %d", encoded))
	_ = p.bar.Set64(read) // a bar that cannot be drawn does no harm
}

// clear makes room for a line of words.
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
