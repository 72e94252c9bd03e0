//go:build unix

package front

import "golang.org/x/sys/unix"

// openFiles returns how many files this process may have open, or 0 if that is unknown. Go raises the limit
// to its maximum at the start of the process.
func openFiles() uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return uint64(limit.Cur)
}
