//go:build !unix

package handover

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// Signal is never sent on this system.
const Signal = syscall.Signal(-1)

func duplicate(*net.TCPListener) (*os.File, error) { return nil, errors.ErrUnsupported }

func inheritedPipe(uintptr, string) (*os.File, error) { return nil, errors.ErrUnsupported }
