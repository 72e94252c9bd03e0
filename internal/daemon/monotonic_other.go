//go:build !unix

package daemon

import "time"

func monotonic() time.Duration { return 0 }
