package cli

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// lineReader parts a stream into lines, blank ones left out, holding no more of it than one line of
// at most max bytes.
type lineReader struct {
	in  *bufio.Reader
	max int

	number int   // of the line read last, from 1
	read   int64 // bytes so far
}

var errLongLine = errors.New("line is too long")

func newLineReader(in io.Reader, max int) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(in, 64<<10), max: max}
}

// idle tells whether next would have to wait for more input.
func (r *lineReader) idle() bool { return r.in.Buffered() == 0 }

// next gives the next line without its end, as the caller's own; errLongLine for one over max, which
// is passed over; io.EOF after the last.
func (r *lineReader) next() ([]byte, error) {
	for {
		line, err := r.whole()
		if err != nil {
			return nil, err
		}
		if r.number == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff")) // some editors put it there
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, nil
		}
	}
}

func (r *lineReader) whole() ([]byte, error) {
	var line []byte
	long := false
	for {
		part, err := r.in.ReadSlice('\n')
		r.read += int64(len(part))
		if long = long || len(line)+len(part) > r.max+len("\r\n"); long {
			line = nil
		} else {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && (len(line) > 0 || long): // the last line has no end
		case err != nil:
			return nil, err
		}
		r.number++
		if long {
			return nil, errLongLine
		}
		return line, nil
	}
}
