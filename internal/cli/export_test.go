package cli

import (
	"bufio"
	"bytes"
	"time"

	"github.com/sigil-dna/sigil/client"
)

// What tests look at from outside.
var (
	Escape        = escape
	Cut           = cut
	Width         = width
	Span          = span
	Took          = took
	Size          = size
	Bar           = bar
	Percent       = percent
	ReadState     = readState
	NewLineReader = newLineReader
	ErrLongLine   = errLongLine
)

// Duration is the value of a flag.
type Duration = duration

// Next returns the next line and its number.
func (r *lineReader) Next() (string, int, error) {
	line, err := r.next()
	return string(line), r.number, err
}

// PrintHit returns what a search prints of a hit on a terminal with some columns, without colors.
func PrintHit(columns int, h *client.Hit) string {
	var out bytes.Buffer
	a := &app{out: bufio.NewWriter(&out), columns: columns, now: time.Now}
	if err := a.hits()(h); err != nil {
		return err.Error()
	}
	return out.String()
}

// JudgeDisk returns what the doctor says of free space and inodes, and what to do.
func JudgeDisk(free, total, freeInodes, totalInodes int64) (result, next string) {
	var d doctor
	d.addDisk(space{free, total, freeInodes, totalInodes})
	return d.findings[0].Result, d.findings[0].Next
}

// JudgeFiles returns what the doctor says of open files, and what to do.
func JudgeFiles(open, most float64) (result, next string) {
	var d doctor
	d.addFiles(open, most)
	return d.findings[0].Result, d.findings[0].Next
}
