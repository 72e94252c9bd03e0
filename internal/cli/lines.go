package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/sigil-dna/sigil"
)

// lineReader returns the lines of a stream without the blank ones, or, if the stream is a JSON array over several
// lines, the array's elements. It holds at most one value, of at most max bytes.
type lineReader struct {
	in  *bufio.Reader
	max int
	// anyArray means that an array on a single first line is split, too.
	anyArray bool

	begun  bool        // a line that is not blank has been read
	array  *arrayParts // nil if the stream consists of lines
	number int         // number of the last line or element, from 1
	read   int64       // bytes so far
}

var (
	errLongLine = errors.New("line is too long")
	errIsArray  = errors.New("the line begins an array")

	// errLinesWanted stops an import whose first value takes several lines.
	errLinesWanted = sigil.NewInvalid("lines_wanted", "", "the value that begins here continues on the next line, but each line must be a value: "+
		"jq -c writes values on one line each; sigil encode @FILE encodes one value of many lines")
)

func newLineReader(in io.Reader, max int) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(in, 64<<10), max: max}
}

// name returns what number counts, for messages.
func (r *lineReader) name() string {
	if r.array != nil {
		return "element"
	}
	return "line"
}

// idle reports whether next would have to wait for more input.
func (r *lineReader) idle() bool {
	return r.in.Buffered() == 0 && (r.array == nil || r.array.idle())
}

// next returns the next line without its end, or the next element; the caller owns it. It returns errLongLine for a
// line over max, which it skips, and io.EOF after the last. A [sigil.Error] is the reason why the rest cannot be read.
func (r *lineReader) next() ([]byte, error) {
	if r.array != nil {
		return r.element()
	}
	for {
		line, err := r.whole()
		if errors.Is(err, errIsArray) {
			return r.elements(line)
		}
		if err != nil {
			return nil, err
		}
		whole := line
		if r.number == 1 {
			line = bytes.TrimPrefix(line, byteOrderMark)
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		first := !r.begun
		r.begun = true
		switch {
		case !first || line[0] != '[' && line[0] != '{':
			return line, nil
		case line[0] == '[' && (r.anyArray || r.goesOn(line)):
			return r.elements(whole)
		case line[0] == '{' && r.goesOn(line):
			return nil, errLinesWanted
		}
		return line, nil
	}
}

var byteOrderMark = []byte("\ufeff") // some editors write it at the beginning

// goesOn reports whether line, which is not a whole value, continues on the next line.
func (r *lineReader) goesOn(line []byte) bool {
	if !isCut(line) {
		return false
	}
	if _, err := r.in.Peek(1); err != nil {
		return false
	}
	next, _ := r.in.Peek(r.in.Buffered())
	next = bytes.TrimLeft(next, " \t\r\n")
	next, _, _ = bytes.Cut(next, []byte("\n"))
	both := append(append(bytes.Clone(line), '\n'), next...)
	return isCut(both) || json.NewDecoder(bytes.NewReader(both)).Decode(new(json.RawMessage)) == nil
}

// isCut reports whether text is the beginning of a JSON value.
func isCut(text []byte) bool {
	err := json.NewDecoder(bytes.NewReader(text)).Decode(new(json.RawMessage))
	return errors.Is(err, io.ErrUnexpectedEOF)
}

func (r *lineReader) whole() ([]byte, error) {
	var line []byte
	long := false
	for {
		part, err := r.in.ReadSlice('\n')
		r.read += int64(len(part))
		if long = long || len(line)+len(part) > r.max+len("\r\n"); long {
			if !r.begun && bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(line, byteOrderMark)), []byte("[")) {
				return append(line, part...), errIsArray
			}
			line = nil
		} else {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && (len(line) > 0 || long): // a last line without a line end
		case err != nil:
			return nil, err
		}
		r.number++
		if long {
			r.begun = true
			return nil, errLongLine
		}
		return line, nil
	}
}
