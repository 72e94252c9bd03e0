package pgtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// RequirePassword creates a superuser with this name and password, and restarts the server so that it
// requires a password from every role but its owner.
func (c *Cluster) RequirePassword(ctx context.Context, role, password string) error {
	if err := c.Exec(ctx, "postgres", fmt.Sprintf("create role %s superuser login password '%s'", role, password)); err != nil {
		return err
	}
	rules := "local all sigil trust\nlocal all all scram-sha-256\n"
	if err := os.WriteFile(filepath.Join(c.data(), "pg_hba.conf"), []byte(rules), 0o600); err != nil {
		return err
	}
	if err := c.Stop(Shutdown); err != nil {
		return err
	}
	return c.Start()
}
