//go:build unix

package front

import "golang.org/x/sys/unix"

// openFiles returns how many files this process may have open; 0 is unknown. Go has raised the limit at the start as
// far as it may be.
func openFiles() uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return uint64(limit.Cur)
}
