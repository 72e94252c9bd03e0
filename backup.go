package sigil

import (
	"strings"
	"time"
)

// Backup describes a backup: the copy of a store as it was at one point in time, in a folder of its own.
type Backup struct {
	// Name is the name of the backup's folder.
	Name string
	// Store is the id of the store that was copied, and Format the version of its format.
	Store  ID
	Format int
	// CreatedAt is when the copy began: it has everything that was acknowledged before.
	CreatedAt time.Time
	// Position is the position of the newest journal entry that the copy has, or 0 if it has none.
	Position uint64
	// Files are the files of the copy.
	Files []BackupFile
	// Problem is the reason why the description of a backup cannot be read; then only Name is set.
	Problem string
}

// BackupFile is one file of a backup.
type BackupFile struct {
	// Name is the path in the backup's folder, with slashes.
	Name   string
	Size   int64 // bytes
	SHA256 [32]byte
}

// Bytes returns the size of all files. Those that the backup has in common with other backups or with the store, on the same
// disk, take space only once.
func (b *Backup) Bytes() (total int64) {
	for i := range b.Files {
		total += b.Files[i].Size
	}
	return total
}

// CheckBackupName returns an error unless name can name a backup: 1 to 100 letters, digits, points, hyphens and underlines, of
// which the first is a letter or a digit, and which do not end in ".tmp".
func CheckBackupName(name string) error {
	ok := name != "" && len(name) <= 100 && !strings.HasSuffix(name, ".tmp")
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case i > 0 && (c == '.' || c == '-' || c == '_'):
		default:
			ok = false
		}
	}
	if ok {
		return nil
	}
	return NewInvalid("invalid_name", "name", "must be 1 to 100 letters, digits, points, hyphens and underlines, begin with a letter or a digit, and not end in .tmp")
}
