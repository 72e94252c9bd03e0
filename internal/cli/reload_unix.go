//go:build unix

package cli

import "syscall"

func askToHandOver(pid int) error { return syscall.Kill(pid, syscall.SIGUSR2) }

// alive reports whether a process exists.
func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }
