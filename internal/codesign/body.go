package codesign

import (
	"bytes"
	"errors"
	"io"
)

// Body returns a reader of the body of a file: of the file without its header, if it has one in its place. header is
// where in the file that is. Name is as in [Verify]. The body must be read to its end before the file is used again.
func Body(name string, file io.Reader) (body io.Reader, header Range, err error) {
	start := make([]byte, window+maxHeader)
	n, err := io.ReadFull(file, start)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, Range{}, err
	}
	start = start[:n]
	at, length := headerIn(name, start)
	return io.MultiReader(bytes.NewReader(start[:at]), bytes.NewReader(start[at+length:]), file), Range{int64(at), int64(at + length)}, nil
}

// headerIn returns where the header of a file is that starts with start, and how long it is: 0 if there is none in its
// place.
func headerIn(name string, start []byte) (at, length int) {
	l := languageOf(name, start)
	if name == "" {
		l = languageInHeader(start)
	}
	if l == nil {
		return 0, 0
	}
	at = l.place(start[:min(len(start), window)])
	_, length, _ = parseHeader(start[at:], l.style)
	return at, length
}

// LocateIn reads a file, with its header if it has one, and returns where its body first differs from the one that s
// was made for, or nil if that cannot be told. header is where in the file its header is.
func (s *Signature) LocateIn(name string, file io.Reader) (differs *Range, header Range, err error) {
	body, header, err := Body(name, file)
	if err != nil {
		return nil, header, err
	}
	differs, err = s.Locate(body)
	return differs, header, err
}

// InFile returns a range of a body as a range of its file, whose header is at header. A header that stands within the
// range becomes part of it.
func (r Range) InFile(header Range) Range {
	length := header.To - header.From
	if r.From >= header.From {
		r.From += length
	}
	if r.To > header.From {
		r.To += length
	}
	return r
}

// ReadBlocks reads a body of the given size and returns its blocks, as signing the body computes them.
func ReadBlocks(body io.Reader, size int64) (Blocks, error) {
	w := newBlockWriter(blockSize(size))
	_, err := copyTo(w, body)
	return w.blocks(), err
}
