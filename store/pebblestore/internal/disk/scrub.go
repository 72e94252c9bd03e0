package disk

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Logs returns the names of the database's logs, those that it keeps to write new ones in their files among them.
func (f *Folder) Logs() (logs []string, err error) {
	names, err := f.FS.List(f.Data)
	for _, name := range names {
		if strings.HasSuffix(name, ".log") {
			logs = append(logs, name)
		}
	}
	return logs, err
}

// EmptyLogs empties those of logs that still exist, so that nothing of what they held is on disk. The caller has seen to it
// that the database reads none of them again. It may reuse their files meanwhile: a log that has begun under another name is
// left alone.
func (f *Folder) EmptyLogs(logs []string) error {
	f.reuse.Lock()
	defer f.reuse.Unlock()
	for _, name := range logs {
		path := f.FS.PathJoin(f.Data, name)
		if _, err := f.FS.Stat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		file, err := f.FS.Create(path, vfs.WriteCategoryUnspecified)
		if err != nil {
			return err
		}
		if err := errors.Join(file.Sync(), file.Close()); err != nil {
			return err
		}
	}
	return SyncDir(f.FS, f.Data)
}
