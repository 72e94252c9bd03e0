package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
	"github.com/sigil-dna/sigil/wire"
)

// Backups makes and lists backups of the store, in a folder that the service was started with.
type Backups interface {
	// Make makes a backup. An empty name means one made of the time.
	Make(ctx context.Context, name string) (sigil.Backup, error)
	// List returns the backups, newest first.
	List(ctx context.Context) ([]sigil.Backup, error)
}

// noBackups is the error of a service that makes none.
func noBackups() error {
	return &sigil.Error{Kind: sigil.ErrConflict, Code: "backup_off", Detail: "this service makes no backups: start it with --backup-dir"}
}

func (a *API) backups(c *call) error {
	if a.options.Backups == nil {
		return noBackups()
	}
	all, err := a.options.Backups.List(c.r.Context())
	if err != nil {
		return err
	}
	list := wire.BackupList{Backups: make([]wire.Backup, len(all))}
	for i := range all {
		list.Backups[i] = shape.Backup(&all[i], false)
	}
	return c.json(http.StatusOK, list)
}

// makeBackup makes a backup now. Its body may be empty.
func (a *API) makeBackup(c *call) error {
	name := ""
	if c.r.ContentLength != 0 {
		if err := a.readCode(c, func(member string, value []byte) (known bool, err error) {
			if member != "name" {
				return false, nil
			}
			if json.Unmarshal(value, &name) != nil || string(value) == "null" {
				return true, sigil.NewInvalid("invalid_name", "name", "must be a string")
			}
			return true, sigil.CheckBackupName(name)
		}); err != nil {
			return err
		}
	}
	if a.options.Backups == nil {
		return noBackups()
	}
	b, err := a.options.Backups.Make(c.r.Context(), name)
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, shape.Backup(&b, true))
}
