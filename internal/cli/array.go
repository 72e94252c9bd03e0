package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/sigil-dna/sigil"
)

// arrayParts is a JSON array whose elements a lineReader returns.
type arrayParts struct {
	in   io.Reader
	read *int64 // bytes so far
	left int    // bytes that may still be read for the next element
	dec  *json.Decoder
}

// Read returns errLongLine if an element is too long.
func (a *arrayParts) Read(p []byte) (int, error) {
	if a.left == 0 {
		return 0, errLongLine
	}
	n, err := a.in.Read(p[:min(len(p), a.left)])
	a.left -= n
	*a.read += int64(n)
	return n, err
}

// idle reports whether nothing but a comma remains of the input that was read.
func (a *arrayParts) idle() bool {
	var begin [64]byte
	n, _ := io.ReadFull(a.dec.Buffered(), begin[:])
	return n < len(begin) && len(bytes.TrimSpace(begin[:n])) <= len(",")
}

// elements starts to read an array that begins with begin, and returns its first element.
func (r *lineReader) elements(begin []byte) ([]byte, error) {
	r.number, r.read = 0, r.read-int64(len(begin))
	begin = bytes.TrimPrefix(begin, byteOrderMark)
	r.array = &arrayParts{in: io.MultiReader(bytes.NewReader(begin), r.in), read: &r.read, left: r.max}
	r.array.dec = json.NewDecoder(r.array)
	if _, err := r.array.dec.Token(); err != nil {
		return nil, r.broken(err)
	}
	return r.element()
}

func (r *lineReader) element() ([]byte, error) {
	a := r.array
	a.left = r.max
	if a.dec.More() {
		var value json.RawMessage
		if err := a.dec.Decode(&value); err != nil {
			return nil, r.broken(err)
		}
		r.number++
		return value, nil
	}
	if _, err := a.dec.Token(); err != nil {
		return nil, r.broken(err)
	}
	rest := io.MultiReader(a.dec.Buffered(), a.in)
	for buf := make([]byte, 4<<10); ; {
		n, err := rest.Read(buf)
		if len(bytes.TrimSpace(buf[:n])) > 0 {
			return nil, sigil.NewInvalid("invalid_json", "", "has something after the array")
		}
		if err != nil {
			return nil, err
		}
	}
}

// broken returns the error of an array that cannot be read any further.
func (r *lineReader) broken(err error) error {
	syntax := (*json.SyntaxError)(nil)
	switch {
	case errors.Is(err, errLongLine):
		return sigil.NewTooLarge("data_too_large", "", "the next element has more than "+size(int64(r.max)))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return sigil.NewInvalid("invalid_json", "", "the array has no end")
	case errors.As(err, &syntax):
		return sigil.NewInvalid("invalid_json", "", fmt.Sprintf("the array is not valid JSON after its first %d bytes", r.array.dec.InputOffset()))
	}
	return err
}
