//go:build !unix

package cli

import (
	"context"
	"os/exec"
)

// lockFile locks nothing: of two daemons that are started at once, one finds the folder locked and ends.
func lockFile(context.Context, string) (unlock func(), err error) { return func() {}, nil }

func detach(*exec.Cmd) {}
