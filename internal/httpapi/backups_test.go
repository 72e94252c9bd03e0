package httpapi_test

import (
	"context"
	"testing"

	"github.com/sigil-dna/sigil"
)

// A service without a folder for backups refuses them, after it has looked at the request.
func TestNoBackups(t *testing.T) {
	f := newFace(t, config{})
	f.do("GET", "/v1/backups", "").problem(409, "backup_off", "")
	f.do("POST", "/v1/backups", "").problem(409, "backup_off", "")
	f.do("POST", "/v1/backups", `{"name":"a"}`).problem(409, "backup_off", "")
	for _, name := range []string{`""`, `"a/b"`, `".a"`, `"a.tmp"`, `null`, `1`} {
		f.do("POST", "/v1/backups", `{"name":`+name+`}`).problem(400, "invalid_name", "name")
	}
	f.do("POST", "/v1/backups", `{"dir":"/etc"}`).problem(400, "unknown_field", "dir")
	f.do("GET", "/v1/backups?limit=1", "").problem(400, "unknown_parameter", "limit")
}

// oneBackup has and makes a single backup.
type oneBackup struct{}

func (oneBackup) Make(context.Context, string) (sigil.Backup, error) {
	return sigil.Backup{
		Name: "20261130T041500.000Z", Store: sigil.NewID(start), Format: 7, CreatedAt: start, Position: 120,
		Files: []sigil.BackupFile{{Name: "sigil.json", Size: 112}},
	}, nil
}

func (b oneBackup) List(ctx context.Context) ([]sigil.Backup, error) {
	one, err := b.Make(ctx, "")
	return []sigil.Backup{one}, err
}
