package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Space keeps a full disk from becoming a failed one, in three ways. If little space is left, changes that
// grow the store are refused (the committer asks before it writes), while small ones and removals are
// accepted for longer. If a write still finds no space, because another process was faster, a ballast file is
// removed, so that writes in progress complete. When there is space again, the ballast is restored and all
// changes are accepted.
//
// All sizes derive from unit, the size of a memtable. If the file system does not know its free space (like
// the in-memory ones of the tests), nothing is refused.
type Space struct {
	fsys vfs.FS // the plain one, without onDiskFull
	dir  string
	unit int64
	log  *slog.Logger

	known bool         // whether the file system knows its free space
	level atomic.Int32 // roomy, tight or full; set by the committer, and by exhausted
	// ballast reports whether the ballast file exists. The committer and exhausted use it.
	ballast atomic.Bool
}

// The levels of free space.
const (
	roomy = int32(iota)
	tight // nothing that grows the store is accepted
	full  // only refreshes are accepted
)

// newSpace measures the free space of dir. most is the unit on a large disk.
func newSpace(fsys vfs.FS, dir string, most int64, log *slog.Logger) *Space {
	s := &Space{fsys: fsys, dir: dir, unit: most, log: log}
	usage, err := fsys.GetDiskUsage(dir)
	if err == nil && usage.TotalBytes > 0 {
		s.known = true
		s.unit = max(1<<20, min(most, int64(usage.TotalBytes/32)))
	}
	if _, err := fsys.Stat(s.ballastPath()); err == nil {
		s.ballast.Store(true)
	}
	return s
}

func (s *Space) ballastPath() string { return s.fsys.PathJoin(s.dir, layout.BallastFile) }

func (s *Space) ballastSize() int64 { return s.unit / 2 }

// wrap returns the file system for the database. When a write finds no space, it calls exhausted and tries
// again.
func (s *Space) wrap() vfs.FS {
	if !s.known {
		return s.fsys
	}
	return vfs.OnDiskFull(s.fsys, s.exhausted)
}

// Enough returns an error if there is not enough space to open the database. Opening writes the contents of
// its logs to tables; without space for them, the database would retry forever.
func (s *Space) Enough(data string) error {
	if !s.known {
		return nil
	}
	usage, err := s.fsys.GetDiskUsage(s.dir)
	if err != nil {
		return err
	}
	free := int64(min(usage.AvailBytes, 1<<62))
	if s.ballast.Load() {
		free += s.ballastSize()
	}
	names, err := s.fsys.List(data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	need := int64(0)
	for _, name := range names {
		if info, err := s.fsys.Stat(s.fsys.PathJoin(data, name)); err == nil && strings.HasSuffix(name, ".log") {
			need += info.Size()
		}
	}
	if need <= free {
		return nil
	}
	return &sigil.Error{
		Kind: sigil.ErrFull, Code: "disk_full",
		Detail: fmt.Sprintf("the disk of %s has %d MiB free, and a start may need %d: free some space, and start again", s.dir, free>>20, need>>20+1),
	}
}

// exhausted frees the reserved space. The database's writes wait for it.
func (s *Space) exhausted() {
	s.set(full)
	if s.ballast.Swap(false) {
		if err := s.fsys.Remove(s.ballastPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.log.Error("the reserve of the full disk cannot be used", "err", err)
		}
	}
}

// Look updates the level of free space. Only the committer calls it.
func (s *Space) Look() {
	if !s.known {
		return
	}
	usage, err := s.fsys.GetDiskUsage(s.dir)
	if err != nil {
		return // the level stays unchanged; the next write fails with the error
	}
	free := int64(min(usage.AvailBytes, 1<<62))
	if !s.ballast.Load() {
		// Without the reserve, the same free space counts for less.
		free -= s.ballastSize()
	}
	level := roomy
	switch was := s.level.Load(); {
	case free < s.unit/2:
		level = full
	case free < 2*s.unit:
		level = tight
	case was != roomy && free < 3*s.unit: // a margin, so that the level does not alternate
		level = tight
	}
	if level == roomy && !s.ballast.Load() {
		s.reserve()
	}
	s.set(level)
}

func (s *Space) set(level int32) {
	switch was := s.level.Swap(level); {
	case was == level:
	case level == roomy:
		s.log.Info("the disk has space again: writing resumes", "data", s.dir)
	case level == full:
		s.log.Error("the disk is full: all changes are refused until there is space", "data", s.dir)
	case was == roomy:
		s.log.Error("the disk is nearly full: encodes are refused until there is space", "data", s.dir)
	}
}

// reserve writes the ballast. On a file system that cannot allocate space without writing it, there is no
// ballast, and the other two ways must suffice.
func (s *Space) reserve() {
	f, err := s.fsys.Create(s.ballastPath(), vfs.WriteCategoryUnspecified)
	if err != nil {
		return
	}
	if err := errors.Join(f.Preallocate(0, s.ballastSize()), f.Close()); err != nil {
		_ = s.fsys.Remove(s.ballastPath()) // it is useless
		return
	}
	s.ballast.Store(true)
}

// Admit returns an error if a change may not be written now. grows reports whether it grows the store.
func (s *Space) Admit(grows bool) error {
	if level := s.level.Load(); level == roomy || level == tight && !grows {
		return nil
	}
	return &sigil.Error{
		Kind: sigil.ErrFull, Code: "disk_full",
		Detail: "the disk has no space left; writing resumes by itself once there is",
	}
}

// IsFull reports whether err means that the disk is full. It also looks at the text, since the database may
// pass on only that.
func IsFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), syscall.ENOSPC.Error())
}
