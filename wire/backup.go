package wire

import "github.com/sigil-dna/sigil"

// Backup is a copy of the daemon's store, of all tenants.
type Backup struct {
	Name string `json:"name"`
	// Store is the id of the store, and Format the version of its format.
	Store     sigil.ID  `json:"store"`
	Format    int       `json:"format"`
	CreatedAt Timestamp `json:"createdAt"` // it has what was acknowledged before
	Position  uint64    `json:"position"`  // of the newest journal entry in it
	Bytes     int64     `json:"bytes"`
	// Verified means that all files were read back and the database opened when it was made.
	Verified bool `json:"verified"`
	// Problem is the reason why the manifest cannot be read. Then only Name is known.
	Problem string `json:"problem,omitempty"`
	// Files are the files; lists of backups leave them out.
	Files []BackupFile `json:"files,omitempty"`
}

// BackupFile is one file of a backup.
type BackupFile struct {
	Name   string `json:"name"` // with slashes
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// BackupList has the backups, newest first.
type BackupList struct {
	Backups []Backup `json:"backups"`
}
