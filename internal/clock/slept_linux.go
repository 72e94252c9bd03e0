package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// slept returns for how long the machine has slept since it was started: the time that CLOCK_BOOTTIME counts and
// CLOCK_MONOTONIC, which is Go's, does not.
func slept() time.Duration {
	var boot, monotonic unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil || unix.ClockGettime(unix.CLOCK_MONOTONIC, &monotonic) != nil {
		return 0
	}
	return time.Duration(boot.Nano() - monotonic.Nano())
}
