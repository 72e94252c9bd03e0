package pebblestore

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// format is the version of the layout that this package writes, oldest the first that it reads. 1 had a record for each
// event; 2 has one of the newest journal position, under 'p', which programs of then go by.
const (
	format = 3
	oldest = 2
)

// A store's folder holds:
const (
	infoFile   = "sigil.json"  // which store it is; written once, when the rest is there
	lockFile   = "sigil.lock"  // locked by the process that has the store open
	holderFile = "holder.json" // who that is, for the others' error message
	dataFolder = "pebble"      // the database
)

type infoRecord struct {
	Format    int       `json:"format"`
	ID        sigil.ID  `json:"id"`
	CreatedAt time.Time `json:"createdAt"`
	// Sum is over the rest: a flipped bit must not make it another store. The first stores had none.
	Sum *uint32 `json:"sum,omitempty"`
}

// openInfo reads which store dir holds, or makes up a new one where it is empty: created. dir is
// locked.
func openInfo(fsys vfs.FS, dir string) (info store.Info, created bool, err error) {
	info, err = readInfo(fsys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err = checkEmpty(fsys, dir); err == nil {
			return newInfo(infoRecord{Format: format, ID: uuid.New(), CreatedAt: time.Now().UTC().Truncate(time.Millisecond)}), true, nil
		}
	}
	return info, false, err
}

func newInfo(r infoRecord) store.Info {
	return store.Info{ID: r.ID, CreatedAt: r.CreatedAt, Format: r.Format, Driver: "pebble"}
}

func readInfo(fsys vfs.FS, dir string) (store.Info, error) {
	path := fsys.PathJoin(dir, infoFile)
	b, err := readFile(fsys, path)
	if err != nil {
		return store.Info{}, err
	}
	unreadable := damaged(dir, fmt.Errorf("%s does not say any more which store this is: %w", path, record.ErrDamaged))
	var r infoRecord
	if err := json.Unmarshal(b, &r); err != nil || r.Format < 1 {
		return store.Info{}, unreadable
	}
	if r.Format > format {
		return store.Info{}, &sigil.Error{
			Kind: sigil.ErrFormat, Code: "store_format",
			Detail: fmt.Sprintf("the store at %s has format %d, written by a newer sigil; this one reads formats up to %d: run the newer one", dir, r.Format, format),
		}
	}
	if r.Format < oldest {
		return store.Info{}, &sigil.Error{
			Kind: sigil.ErrFormat, Code: "store_format",
			Detail: fmt.Sprintf("the store at %s has format %d, of before the first release; this sigil reads formats %d to %d: give it a new folder", dir, r.Format, oldest, format),
		}
	}
	if r.Sum != nil && *r.Sum != r.sum() {
		return store.Info{}, unreadable
	}
	return newInfo(r), nil
}

func (r infoRecord) sum() uint32 {
	return crc32.Checksum(fmt.Appendf(nil, "%d %s %d", r.Format, r.ID, r.CreatedAt.UnixMilli()), castagnoli)
}

// leftBehind are files that an earlier start may have left in a folder without a store: the store's own, and those in
// which a daemon describes itself.
var leftBehind = [...]string{lockFile, holderFile, dataFolder, ballastFile, "daemon.addr", "handover.json"}

// checkEmpty makes sure that a store may be made in dir: there is nothing but what an earlier start,
// cut off before it had made one, left behind. A database that was never written to is that.
func checkEmpty(fsys vfs.FS, dir string) error {
	names, err := fsys.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.Contains(leftBehind[:], name) && !strings.HasSuffix(name, ".tmp") {
			return &sigil.Error{
				Kind: sigil.ErrFormat, Code: "no_store",
				Detail: fmt.Sprintf("%s is no sigil store and not empty (it has %s): give a folder of its own", dir, name),
			}
		}
	}
	data := fsys.PathJoin(dir, dataFolder)
	if names, err = fsys.List(data); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		used := strings.HasSuffix(name, ".sst")
		if strings.HasSuffix(name, ".log") {
			if used, err = hasRecords(fsys, fsys.PathJoin(data, name)); err != nil {
				return err
			}
		}
		if used {
			return damaged(dir, fmt.Errorf("%s is not there: %w", fsys.PathJoin(dir, infoFile), record.ErrDamaged))
		}
	}
	return nil
}

// hasRecords tells whether there is a record in a log of the database. One that has none is empty or
// holds a mark of its end, which has no checksum.
func hasRecords(fsys vfs.FS, path string) (bool, error) {
	b, err := readFile(fsys, path)
	return len(b) > chunkHeader && binary.LittleEndian.Uint32(b) != 0, err
}

// writeInfo makes the folder a store, when all else of it is there.
func writeInfo(fsys vfs.FS, dir string, info store.Info) error {
	r := infoRecord{Format: info.Format, ID: info.ID, CreatedAt: info.CreatedAt}
	sum := r.sum()
	r.Sum = &sum
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return writeFile(fsys, dir, infoFile, append(b, '\n'))
}

type holder struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
}

// lockDir locks dir for this process; a lock that another holds is [sigil.ErrLocked], naming the
// holder.
func lockDir(fsys vfs.FS, dir string) (unlock func() error, err error) {
	lock, err := fsys.Lock(fsys.PathJoin(dir, lockFile))
	if err != nil {
		return nil, locking(fsys, dir, err)
	}
	return func() error {
		err := fsys.Remove(fsys.PathJoin(dir, holderFile))
		if errors.Is(err, fs.ErrNotExist) {
			err = nil // it was not said yet
		}
		return errors.Join(err, lock.Close())
	}, nil
}

// locking returns the error for a dir that could not be locked because of err.
func locking(fsys vfs.FS, dir string, err error) error {
	if !busy(err) {
		return err
	}
	return &sigil.Error{Kind: sigil.ErrLocked, Code: "store_locked", Detail: "the store at " + dir + " is open in " + holderOf(fsys, dir, err), Err: err}
}

const heldHere = "held by current process" // from Pebble's error

// busy reports whether locking a file failed with err because another process holds the lock. Systems use the same
// error for a file that may not be opened, which is not busy.
func busy(err error) bool {
	var file *fs.PathError
	if errors.As(err, &file) {
		return false
	}
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) || strings.Contains(err.Error(), heldHere)
}

// readingFS is a file system that is never changed: locks that need no right to write are used.
type readingFS struct{ vfs.FS }

func (f readingFS) Lock(path string) (io.Closer, error) {
	if _, err := f.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return io.NopCloser(nil), nil // a copy that has never been opened
	}
	lock, err := f.FS.Lock(path)
	var file *fs.PathError
	if errors.As(err, &file) && (errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission)) {
		return lockShared(path)
	}
	return lock, err
}

// writeHolder says in dir, which is locked, who has it.
func writeHolder(fsys vfs.FS, dir string) error {
	host, _ := os.Hostname() // for people only
	b, err := json.Marshal(holder{PID: os.Getpid(), Host: host, Command: strings.Join(os.Args[:min(2, len(os.Args))], " "), Since: time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	return writeFile(fsys, dir, holderFile, append(b, '\n'))
}

// holderOf describes the process that has locked dir; busy is why locking failed. The holder's file is written by a
// process that opens the store for writing, and may be out of date if the one with the lock only reads.
func holderOf(fsys vfs.FS, dir string, busy error) string {
	pid := 0
	if !strings.Contains(busy.Error(), heldHere) {
		pid = lockedBy(fsys.PathJoin(dir, lockFile))
	}
	var h holder
	b, err := readFile(fsys, fsys.PathJoin(dir, holderFile))
	switch {
	case err != nil || json.Unmarshal(b, &h) != nil || pid != 0 && pid != h.PID:
		if pid != 0 {
			return fmt.Sprintf("process %d", pid)
		}
		return "another process, which has not said which one"
	}
	return fmt.Sprintf("process %d (%s) on %s since %s", h.PID, h.Command, h.Host, h.Since.Format(time.RFC3339))
}

func readFile(fsys vfs.FS, path string) ([]byte, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(f)
	return b, errors.Join(err, f.Close())
}

// writeFile puts a file in its place whole and durably, or not at all.
func writeFile(fsys vfs.FS, dir, name string, b []byte) error {
	path := fsys.PathJoin(dir, name)
	f, err := fsys.Create(path+".tmp", vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := fsys.Rename(path+".tmp", path); err != nil {
		return err
	}
	return syncDir(fsys, dir)
}

// makeDir makes dir and what is above it, durably: a folder whose own entry is lost in a power cut
// takes along all that was synced in it. Where dir is no store yet all folders above are synced, as an
// earlier start may have made them and come no further.
func makeDir(fsys vfs.FS, dir string) error {
	if _, err := fsys.Stat(fsys.PathJoin(dir, infoFile)); err == nil {
		return nil
	}
	if err := fsys.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for d := dir; d != fsys.PathDir(d); {
		d = fsys.PathDir(d)
		// Those that we may not read we have not made.
		if err := syncDir(fsys, d); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return nil
}

func syncDir(fsys vfs.FS, dir string) error {
	d, err := fsys.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
