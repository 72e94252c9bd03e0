package leveldb

import (
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// maxLogs is the maximum size of the logs, whose records are held in memory. LevelDB moves them into a table at 4 MB, or
// when it is opened.
const maxLogs = 256 << 20

// Is reports whether a folder has the files of a LevelDB.
func Is(dir string) bool {
	current, err := os.ReadFile(filepath.Join(dir, "CURRENT"))
	return err == nil && strings.HasPrefix(string(current), "MANIFEST-")
}

// ErrInUse is returned if another process has the folder open.
var ErrInUse = errors.New("another process has it open")

// ErrTooLong is returned if the folder's logs are too long to be held in memory. A LevelDB library that opens the folder moves them
// into tables.
var ErrTooLong = errors.New("its logs have more than 256 MiB")

// Read calls visit with each key and value that the database in dir has, in the order of their keys; they are valid until it
// returns. It holds the lock of the folder for reading, so that no LevelDB opens it meanwhile, and returns ErrInUse if another
// process holds it. cut is the name of a log whose last record is cut off, as a crash leaves it, or "": LevelDB leaves such a record
// out, too.
func Read(dir string, visit func(key, value []byte) error) (cut string, err error) {
	unlock, err := lock(filepath.Join(dir, "LOCK"))
	if err != nil {
		return "", err
	}
	defer unlock()
	m, err := current(dir)
	if err != nil {
		return "", err
	}
	entries := &merged{}
	defer entries.close()
	recent, cut, err := readLogs(dir, m)
	if err != nil {
		return cut, err
	}
	if err := entries.add(recent); err != nil {
		return cut, err
	}
	for level, tables := range m.tables {
		if level > 0 && len(tables) > 0 {
			err = entries.add(&run{dir: dir, files: tables})
		}
		for i := 0; level == 0 && err == nil && i < len(tables); i++ {
			err = entries.add(&run{dir: dir, files: tables[i : i+1]})
		}
		if err != nil {
			return cut, err
		}
	}
	return cut, entries.each(visit)
}

// current reads the manifest that the folder's file CURRENT names.
func current(dir string) (*manifest, error) {
	named, err := os.ReadFile(filepath.Join(dir, "CURRENT"))
	if err != nil {
		return nil, err
	}
	name, ended := strings.CutSuffix(string(named), "\n")
	if number, found := strings.CutPrefix(name, "MANIFEST-"); !ended || !found || len(number) > 20 || strings.Trim(number, "0123456789") != "" {
		return nil, errors.New("CURRENT: does not name a manifest")
	}
	file, size, err := open(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read from
	m, err := readManifest(file, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

func open(path string) (*os.File, int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, 0, err
	}
	return file, info.Size(), nil
}

// entry is an internal key and its value.
type entry struct{ key, value []byte }

// memory is the entries of the logs.
type memory struct {
	entries []entry
	at      int
}

func (m *memory) next() ([]byte, []byte, error) {
	if m.at == len(m.entries) {
		return nil, nil, io.EOF
	}
	e := m.entries[m.at]
	m.at++
	return e.key, e.value, nil
}

func (m *memory) close() {}

// readLogs reads the logs whose records are not in tables yet.
func readLogs(dir string, m *manifest) (recent *memory, cut string, err error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, "", err
	}
	var numbers []uint64
	total := int64(0)
	for _, f := range files {
		digits, isLog := strings.CutSuffix(f.Name(), ".log")
		number, err := strconv.ParseUint(digits, 10, 64)
		if !isLog || err != nil || number < m.log && number != m.prevLog {
			continue
		}
		info, err := f.Info()
		if err != nil {
			return nil, "", err
		}
		if total += info.Size(); total > maxLogs {
			return nil, "", ErrTooLong
		}
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	recent = &memory{}
	for i, number := range numbers {
		name := fmt.Sprintf("%06d.log", number)
		err := recent.readLog(filepath.Join(dir, name))
		if errors.Is(err, errCut) && i == len(numbers)-1 {
			cut, err = name, nil
		}
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", name, err)
		}
	}
	slices.SortStableFunc(recent.entries, func(a, b entry) int { return compare(a.key, b.key) })
	return recent, cut, nil
}

func (m *memory) readLog(path string) error {
	file, size, err := open(path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read from
	for records := newLogReader(file, size, maxLogs); ; {
		record, err := records.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = m.batch(record)
		}
		if err != nil {
			return err
		}
	}
}

// batch adds the entries of a batch: a sequence number, their count, and each with its kind.
func (m *memory) batch(record []byte) error {
	const head = 12
	if len(record) < head {
		return errors.New("has a batch that is too short")
	}
	sequence, count := binary.LittleEndian.Uint64(record), binary.LittleEndian.Uint32(record[8:])
	rest := fields{record[head:]}
	for n := uint64(0); len(rest.rest) > 0; n++ {
		kind := rest.rest[0]
		rest.rest = rest.rest[1:]
		e := entry{key: slices.Clone(rest.bytes())}
		switch kind {
		case value:
			e.value = rest.bytes()
		case deletion:
		default:
			return fmt.Errorf("has an entry of a kind (%d) that is not known", kind)
		}
		if rest.rest == nil {
			return errors.New("has a batch that is cut off")
		}
		e.key = binary.LittleEndian.AppendUint64(e.key, (sequence+n)<<8|uint64(kind))
		m.entries = append(m.entries, e)
		count--
	}
	if count != 0 {
		return errors.New("has a batch with another number of entries than it says")
	}
	return nil
}

// run is the entries of tables one after the other, of which one is open.
type run struct {
	dir   string
	files []tableFile
	file  *os.File
	table *table
}

func (r *run) close() {
	if r.file != nil {
		_ = r.file.Close() // it was only read from
		r.file = nil
	}
}

func (r *run) next() ([]byte, []byte, error) {
	for {
		if r.file == nil {
			if len(r.files) == 0 {
				return nil, nil, io.EOF
			}
			if err := r.open(); err != nil {
				return nil, nil, err
			}
		}
		err := r.table.next()
		if err == nil {
			return r.table.key, r.table.value, nil
		}
		if !errors.Is(err, io.EOF) {
			return nil, nil, fmt.Errorf("%s: %w", filepath.Base(r.file.Name()), err)
		}
		r.close()
		r.files = r.files[1:]
	}
}

func (r *run) open() error {
	f := r.files[0]
	name := fmt.Sprintf("%06d.ldb", f.number)
	file, size, err := open(filepath.Join(r.dir, name))
	if errors.Is(err, os.ErrNotExist) {
		if older, n, openErr := open(filepath.Join(r.dir, fmt.Sprintf("%06d.sst", f.number))); openErr == nil {
			file, size, err = older, n, nil
		}
	}
	if err != nil {
		return err
	}
	if size != f.size {
		_ = file.Close()
		return fmt.Errorf("%s: has %d bytes, and the manifest says %d", name, size, f.size)
	}
	r.file = file
	if r.table, err = openTable(file, f); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// sorted returns internal keys and values in the order of the keys, then io.EOF.
type sorted interface {
	next() (key, value []byte, err error)
	close()
}

// merged is several sorted lists, as a heap by their next keys.
type merged struct {
	heads []head
}

type head struct {
	entry
	from sorted
}

func (m *merged) Len() int           { return len(m.heads) }
func (m *merged) Less(i, j int) bool { return compare(m.heads[i].key, m.heads[j].key) < 0 }
func (m *merged) Swap(i, j int)      { m.heads[i], m.heads[j] = m.heads[j], m.heads[i] }
func (m *merged) Push(x any)         { m.heads = append(m.heads, x.(head)) }
func (m *merged) Pop() any {
	last := len(m.heads) - 1
	h := m.heads[last]
	m.heads = m.heads[:last]
	return h
}

func (m *merged) close() {
	for _, h := range m.heads {
		h.from.close()
	}
}

func (m *merged) add(from sorted) error {
	key, value, err := from.next()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		from.close()
		return err
	}
	heap.Push(m, head{entry{key, value}, from})
	return nil
}

// each visits the newest entry of each key, unless it is a deletion.
func (m *merged) each(visit func(key, value []byte) error) error {
	var last []byte
	for begun := false; len(m.heads) > 0; {
		h := &m.heads[0]
		key, _, kind := split(h.key)
		if !begun || string(key) != string(last) {
			begun, last = true, append(last[:0], key...)
			if kind == value {
				if err := visit(key, h.value); err != nil {
					return err
				}
			}
		}
		var err error
		if h.key, h.value, err = h.from.next(); errors.Is(err, io.EOF) {
			h.from.close()
			heap.Pop(m)
			continue
		}
		if err != nil {
			return err
		}
		heap.Fix(m, 0)
	}
	return nil
}
