package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/disk"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Format is the version of the manifest.
const Format = 1

// manifest is the content of [layout.BackupFile].
type manifest struct {
	Format      int       `json:"format"`
	Store       sigil.ID  `json:"store"`
	StoreFormat int       `json:"storeFormat"`
	CreatedAt   time.Time `json:"createdAt"`
	Position    uint64    `json:"position"`
	Files       []file    `json:"files"`
	// Sum is the SHA-256 of the manifest without it.
	Sum string `json:"sum,omitempty"`
}

type file struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

func (m *manifest) sum() string {
	plain := *m
	plain.Sum = ""
	b, _ := json.Marshal(plain) // it has only what JSON can hold
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func manifestOf(b *sigil.Backup) *manifest {
	m := &manifest{Format: Format, Store: b.Store, StoreFormat: b.Format, CreatedAt: b.CreatedAt, Position: b.Position, Files: make([]file, len(b.Files))}
	for i := range b.Files {
		f := &b.Files[i]
		m.Files[i] = file{f.Name, f.Size, hex.EncodeToString(f.SHA256[:])}
	}
	m.Sum = m.sum()
	return m
}

func writeManifest(fsys vfs.FS, dir string, b *sigil.Backup) error {
	text, err := json.MarshalIndent(manifestOf(b), "", " ")
	if err != nil {
		return err
	}
	return disk.WriteFile(fsys, dir, layout.BackupFile, append(text, '\n'))
}

// Read returns what the manifest of the backup in dir says. It does not look at the other files.
func Read(fsys vfs.FS, dir string) (sigil.Backup, error) {
	name := fsys.PathJoin(dir, layout.BackupFile)
	text, err := disk.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return sigil.Backup{}, &sigil.Error{Kind: sigil.ErrNotFound, Code: "no_backup", Detail: dir + " is not a backup: it has no " + layout.BackupFile, Err: err}
	}
	if err != nil {
		return sigil.Backup{}, err
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return sigil.Backup{}, broken(dir, fmt.Sprintf("%s cannot be read", layout.BackupFile))
	}
	if m.Format > Format {
		return sigil.Backup{}, &sigil.Error{
			Kind: sigil.ErrFormat, Code: "backup_format",
			Detail: fmt.Sprintf("the backup %s has format %d, written by a newer sigil; this one reads formats up to %d: use the newer one", dir, m.Format, Format),
		}
	}
	b := sigil.Backup{Name: fsys.PathBase(dir), Store: m.Store, Format: m.StoreFormat, CreatedAt: m.CreatedAt, Position: m.Position, Files: make([]sigil.BackupFile, len(m.Files))}
	ok := m.Sum == m.sum()
	for i, f := range m.Files {
		sum, err := hex.DecodeString(f.SHA256)
		ok = ok && err == nil && len(sum) == sha256.Size && plain(f.Name)
		b.Files[i] = sigil.BackupFile{Name: f.Name, Size: f.Size}
		copy(b.Files[i].SHA256[:], sum)
	}
	if !ok {
		return sigil.Backup{}, broken(dir, layout.BackupFile+" has changed since it was written")
	}
	return b, nil
}

// plain reports whether name is a path within a folder.
func plain(name string) bool {
	return name != "" && path.Clean(name) == name && !path.IsAbs(name) && name != ".." && !strings.HasPrefix(name, "../")
}

// broken returns the error for a backup that is not what was written.
func broken(dir, why string) error {
	return &sigil.Error{
		Kind: sigil.ErrInternal, Code: "backup_damaged",
		Detail: fmt.Sprintf("the backup %s is damaged: %s", dir, why), Err: record.ErrDamaged,
	}
}
