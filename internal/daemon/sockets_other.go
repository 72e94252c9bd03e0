//go:build !unix

package daemon

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// handOverSignal is one that never comes.
const handOverSignal = syscall.Signal(-1)

func duplicate(*net.TCPListener) (*os.File, error) { return nil, errors.ErrUnsupported }

func inheritedPipe(uintptr, string) (*os.File, error) { return nil, errors.ErrUnsupported }

func monotonic() time.Duration { return 0 }
