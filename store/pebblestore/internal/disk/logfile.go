package disk

import "github.com/cockroachdb/pebble/v2/vfs"

// Syncing a file that has grown also writes its new length to the disk, after the data, which doubles the
// time. So a log is filled with zeros ahead of the data, much as a reused log is full of old data. The
// database takes zeros for the end of a log. zeros is the maximum that is written at once.
var zeros [256 << 10]byte

// logFile is a log that the database writes, from one goroutine.
type logFile struct {
	vfs.File
	tuning *Tuning
	end    int64 // of the written data
	length int64 // of the file
	// since is the value of end at the last decision whether filling pays; syncs counts the syncs since then.
	since, syncs int64
	pays         bool
	step         int64 // how far ahead the log is filled
}

func newLogFile(f vfs.File, length int64, t *Tuning) *logFile {
	return &logFile{File: f, tuning: t, length: length, pays: true, step: t.FillLeast}
}

func (f *logFile) Write(b []byte) (int, error) {
	if after := f.end + int64(len(b)); after > f.length {
		t := f.tuning
		if written := f.end - f.since; written >= t.FillMost {
			f.pays = written <= f.syncs*t.FillBelow
			f.step = min(max(t.FillLeast, t.FillSyncs*written/max(f.syncs, 1)), t.FillMost)
			f.since, f.syncs = f.end, 0
		}
		if f.pays {
			// If filling fails, the log grows as it is written, and a failing write returns the reason.
			if n, err := f.WriteAt(zeros[:min(f.step, int64(len(zeros)))], after); err == nil {
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
