package imports

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sigil-dna/sigil"
)

var byteOrderMark = []byte("\ufeff") // some editors write it at the beginning

// parser reads a JSON text of any length, value by value.
type parser struct {
	dec   *jsontext.Decoder
	limit *limited
}

// limited fails once more than MaxValue bytes and one buffer have been read since left was set.
type limited struct {
	in   io.Reader
	left int
}

var errLong = errors.New("a value is too long")

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errLong
	}
	n, err := l.in.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

func newParser(in *bufio.Reader) *parser {
	if begin, _ := in.Peek(len(byteOrderMark)); bytes.Equal(begin, byteOrderMark) {
		_, _ = in.Discard(len(byteOrderMark)) // they are buffered
	}
	p := &parser{limit: &limited{in: in}}
	p.dec = jsontext.NewDecoder(p.limit, lenient...)
	p.renew()
	return p
}

func (p *parser) renew() { p.limit.left = MaxValue + peeked }

// kind returns the kind of the value that is next, or 0 at the end or at an error, which the next read returns.
func (p *parser) kind() jsontext.Kind {
	p.renew()
	return p.dec.PeekKind()
}

// value returns the next value. The caller owns it.
func (p *parser) value() (jsontext.Value, error) {
	p.renew()
	v, err := p.dec.ReadValue()
	if err != nil {
		return nil, p.wrong(err)
	}
	return bytes.Clone(v), nil
}

// skip skips the next value, however long it is, as long as no part of it is too long.
func (p *parser) skip() error {
	for depth := p.dec.StackDepth(); ; {
		p.renew()
		if _, err := p.dec.ReadToken(); err != nil {
			return p.wrong(err)
		}
		if p.dec.StackDepth() <= depth {
			return nil
		}
	}
}

// object calls member with the name of each member of the object that is next. member reads or skips the value.
func (p *parser) object(member func(name string) error) error {
	return p.within('{', func() error {
		name, err := p.dec.ReadToken()
		if err != nil {
			return p.wrong(err)
		}
		return member(name.String())
	})
}

// array calls element with the number of each element of the array that is next, from 1. element reads or skips the value.
func (p *parser) array(element func(n int) error) error {
	n := 0
	return p.within('[', func() error {
		n++
		return element(n)
	})
}

// elements is like array; if the value that is next is no array, it is skipped and other is called.
func (p *parser) elements(other func() error, element func(n int) error) error {
	if p.kind() == '[' {
		return p.array(element)
	}
	if err := p.skip(); err != nil {
		return err
	}
	return other()
}

func (p *parser) within(opens jsontext.Kind, each func() error) error {
	if k := p.kind(); k != opens && k != 0 {
		return invalid(fmt.Sprintf("has at byte %d something else than the format has there", p.dec.InputOffset()))
	}
	if _, err := p.dec.ReadToken(); err != nil {
		return p.wrong(err)
	}
	for {
		if k := p.kind(); k == '}' || k == ']' {
			_, err := p.dec.ReadToken()
			return p.wrong(err)
		}
		if err := each(); err != nil {
			return err
		}
	}
}

// ends returns an error if anything follows.
func (p *parser) ends() error {
	if p.kind() != 0 {
		return invalid(fmt.Sprintf("has something after its end, at byte %d", p.dec.InputOffset()))
	}
	if _, err := p.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return p.wrong(err)
	}
	return nil
}

// wrong returns an error of the text as one that says where it is wrong.
func (p *parser) wrong(err error) error {
	syntax := (*jsontext.SyntacticError)(nil)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errLong):
		return sigil.NewTooLarge("data_too_large", "", fmt.Sprintf("the value at byte %d has more than 16.0 MiB", p.dec.InputOffset()))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return sigil.NewInvalid("invalid_json", "", "ends within a value: it is not whole")
	case errors.As(err, &syntax):
		return sigil.NewInvalid("invalid_json", "", fmt.Sprintf("is not valid JSON at byte %d", syntax.ByteOffset))
	}
	return err
}

// lines calls do with each line that is not blank, and its number. It calls bad for a line that is not JSON or too long.
func lines(in *bufio.Reader, do func(line jsontext.Value, n int) error, bad func(n int, reason string) error) error {
	for n := 1; ; n++ {
		line, long, err := readLine(in)
		if n == 1 {
			line = bytes.TrimPrefix(line, byteOrderMark)
		}
		if line = bytes.TrimSpace(line); err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("cannot read line %d: %w", n, err)
		}
		failed := error(nil)
		switch {
		case long:
			failed = bad(n, "a line of more than 16.0 MiB")
		case len(line) == 0:
		case !jsontext.Value(line).IsValid(lenient...):
			failed = bad(n, "a line that is not JSON")
		default:
			failed = do(line, n)
		}
		if failed != nil || err != nil {
			return failed
		}
	}
}

// readLine returns the next line, or long if it has more than MaxValue bytes, and io.EOF with the last.
func readLine(in *bufio.Reader) (line []byte, long bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if long = long || len(line)+len(part) > MaxValue; long {
			line = nil
		} else {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, long, err
		}
	}
}
