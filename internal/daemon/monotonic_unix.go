//go:build unix

package daemon

import (
	"time"

	"golang.org/x/sys/unix"
)

// monotonic returns the time of the clock that systemd expects, which all processes of a machine share.
func monotonic() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
