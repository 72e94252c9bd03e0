package sigil

import "time"

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
	// Files are the files of the copy, sorted by name.
	Files []BackupFile
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
