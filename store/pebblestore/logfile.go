package pebblestore

import "github.com/cockroachdb/pebble/v2/vfs"

// A sync of a file that has grown writes its length to the disk, too, after the data: twice the time. So a log is
// filled with zeros ahead of what is written, as one that is used again is with what was in it. The database reads
// zeros as the end.
const (
	// How far ahead: for eight syncs as they are, within these. One in eight has as much more to write, and the length:
	// where syncs are small, a large step would make a sync that many wait for.
	fillSyncs           = 8
	fillLeast, fillMost = 4 << 10, 256 << 10
	// fillBelow is the bytes that a sync writes, on average, up to which it pays: a step should do for several.
	fillBelow = 64 << 10
)

var zeros [fillMost]byte

// logFile is a log that the database writes, from one goroutine.
type logFile struct {
	vfs.File
	end    int64 // of what is written
	length int64 // of the file
	// since is the end when it was last found out whether filling pays, syncs those since then.
	since, syncs int64
	pays         bool
	step         int64 // how far ahead it is filled
}

func newLogFile(f vfs.File, length int64) *logFile {
	return &logFile{File: f, length: length, pays: true, step: fillLeast}
}

func (f *logFile) Write(b []byte) (int, error) {
	if after := f.end + int64(len(b)); after > f.length {
		if written := f.end - f.since; written >= fillMost {
			f.pays = written <= f.syncs*fillBelow
			f.step = min(max(fillLeast, fillSyncs*written/max(f.syncs, 1)), fillMost)
			f.since, f.syncs = f.end, 0
		}
		if f.pays {
			// Where it cannot be filled it grows as it is written, which tells why.
			if n, err := f.WriteAt(zeros[:f.step], after); err == nil {
				f.length = after + int64(n)
			}
		}
	}
	n, err := f.File.Write(b)
	f.end += int64(n)
	f.length = max(f.length, f.end)
	return n, err
}

func (f *logFile) SyncData() error {
	f.syncs++
	return f.File.SyncData()
}
