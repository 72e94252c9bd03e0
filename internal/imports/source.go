package imports

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path"
	"strings"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/imports/leveldb"
)

// Source is an open file, archive, folder or stream.
type Source struct {
	Format Format
	// Guessed reports whether the format was recognized, not given.
	Guessed bool

	options Options
	dir     string        // a folder, or ""
	archive *zip.Reader   // nil if it is none
	in      *bufio.Reader // nil of a folder and an archive
	read    *counter      // what has been read of the file
	files   []io.Closer
}

// counter counts the bytes that are read.
type counter struct {
	in io.Reader
	n  int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.n += int64(n)
	return n, err
}

// peeked is how much of a file is looked at to recognize its format.
const peeked = 64 << 10

// Open opens a file or a folder. If format is "", it is recognized; the source is nil if it is none of the formats. The caller closes
// the source.
func Open(name string, format Format, o *Options) (*Source, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	s, err := open(name, file, format, o)
	if s == nil || err != nil {
		_ = file.Close() // it was only read from
		return nil, err
	}
	s.files = append(s.files, file)
	return s, nil
}

func open(name string, file *os.File, format Format, o *Options) (*Source, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		switch {
		case format != "" && format != SigilDNA:
			return nil, invalid("is a folder: give a file of it")
		case !leveldb.Is(name):
			return nil, invalid("is a folder, and not a LevelDB: give a file of it")
		}
		return &Source{Format: SigilDNA, Guessed: format == "", dir: name}, nil
	}
	begin := make([]byte, 4)
	n, err := io.ReadFull(file, begin)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	if string(begin[:n]) == "PK\x03\x04" {
		archive, err := zip.NewReader(file, info.Size())
		if err != nil {
			return nil, invalid("is not a zip archive that can be read: " + err.Error())
		}
		s := &Source{Format: format, archive: archive, options: options(o)}
		return s.guessed(s.guessArchive)
	}
	read := &counter{in: io.MultiReader(bytes.NewReader(begin[:n]), file)}
	return stream(bufio.NewReaderSize(read, peeked), read, format, o)
}

// Stream is like Open, for an input that can only be read once. It looks at what in has buffered, and at its first line; if the source
// is nil, in is as it was. in must have a buffer of 64 KiB.
func Stream(in *bufio.Reader, format Format, o *Options) (*Source, error) {
	return stream(in, nil, format, o)
}

func stream(in *bufio.Reader, read *counter, format Format, o *Options) (*Source, error) {
	s := &Source{Format: format, in: in, read: read, options: options(o)}
	// JSON has neither beginning, and a line of it may be shorter: no more is waited for than these need.
	begin, _ := in.Peek(1)
	if string(begin) == "\x1f" || string(begin) == "P" {
		begin, _ = in.Peek(4)
	}
	switch {
	case bytes.HasPrefix(begin, []byte("\x1f\x8b")):
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, invalid("is not a gzip file that can be read: " + err.Error())
		}
		s.in = bufio.NewReaderSize(unzipped, peeked)
		found, err := s.guessed(s.guessStream)
		if found == nil && err == nil {
			err = invalid("is compressed, and of no format that is known: decompress it first")
		}
		return found, err
	case string(begin) == "PK\x03\x04":
		return nil, invalid("is a zip archive: give it as a file")
	}
	return s.guessed(s.guessStream)
}

func options(o *Options) Options {
	if o == nil {
		return Options{}
	}
	return *o
}

// guessed sets the format if it was not given.
func (s *Source) guessed(guess func() (Format, error)) (*Source, error) {
	if s.Format != "" {
		return s, nil
	}
	var err error
	s.Format, err = guess()
	if s.Format == "" || err != nil {
		return nil, err
	}
	s.Guessed = true
	return s, nil
}

// Read returns how many bytes of the file have been read, or 0 of a folder or an archive.
func (s *Source) Read() int64 {
	if s.read == nil {
		return 0
	}
	return s.read.n
}

// Close closes what Open opened.
func (s *Source) Close() error {
	var err error
	for _, f := range s.files {
		err = errors.Join(err, f.Close())
	}
	return err
}

func invalid(detail string) error { return sigil.NewInvalid("invalid_import", "", detail) }

// each calls do with the stream, or with each file of the archive that matches, in their order. place is "" or the file's name and
// ": ". It reports how many there were.
func (s *Source) each(match func(base string) bool, do func(in *bufio.Reader, place string) error) (int, error) {
	if s.dir != "" {
		return 0, invalid("is a folder: give a file of it")
	}
	if s.archive == nil {
		return 1, do(s.in, "")
	}
	n := 0
	for _, f := range s.archive.File {
		base := path.Base(f.Name)
		if f.FileInfo().IsDir() || !match(base) {
			continue
		}
		n++
		if err := s.file(f, func(in *bufio.Reader) error { return do(in, base+": ") }); err != nil {
			return n, err
		}
	}
	return n, nil
}

// file calls do with a file of the archive, decompressed.
func (s *Source) file(f *zip.File, do func(in *bufio.Reader) error) error {
	from, err := f.Open()
	if err != nil {
		return invalid(f.Name + ": " + err.Error())
	}
	defer from.Close()
	var in io.Reader = from
	if strings.HasSuffix(f.Name, ".gz") {
		if in, err = gzip.NewReader(from); err != nil {
			return invalid(f.Name + ": " + err.Error())
		}
	}
	return do(bufio.NewReaderSize(in, peeked))
}

// others puts a remark for each file of the archive that none of the names matches.
func (s *Source) others(w *out, read func(base string) bool) error {
	if s.archive == nil {
		return nil
	}
	for _, f := range s.archive.File {
		if base := path.Base(f.Name); !f.FileInfo().IsDir() && !read(base) {
			if err := w.left(f.Name, "a file of the archive without memories"); err != nil {
				return err
			}
		}
	}
	return nil
}
