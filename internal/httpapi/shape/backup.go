package shape

import (
	"encoding/hex"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// Backup returns the shape of b, with or without its files.
func Backup(b *sigil.Backup, files bool) wire.Backup {
	if b.Problem != "" {
		return wire.Backup{Name: b.Name, Problem: b.Problem}
	}
	v := wire.Backup{
		Name: b.Name, Store: b.Store, Format: b.Format, CreatedAt: wire.Timestamp{Time: b.CreatedAt}, Position: b.Position, Bytes: b.Bytes(), Verified: true,
	}
	if !files {
		return v
	}
	v.Files = make([]wire.BackupFile, len(b.Files))
	for i := range b.Files {
		f := &b.Files[i]
		v.Files[i] = wire.BackupFile{Name: f.Name, Size: f.Size, SHA256: hex.EncodeToString(f.SHA256[:])}
	}
	return v
}
