//go:build unix

package handover

import (
	"errors"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Signal asks a process to hand over.
const Signal = syscall.SIGUSR2

// duplicate returns a file of l's socket, which stays in non-blocking mode.
func duplicate(l *net.TCPListener) (*os.File, error) {
	conn, err := l.SyscallConn()
	if err != nil {
		return nil, err
	}
	var fd int
	var failed error
	err = conn.Control(func(of uintptr) { fd, failed = unix.FcntlInt(of, unix.F_DUPFD_CLOEXEC, 0) })
	if err := errors.Join(err, failed); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), l.Addr().String()), nil
}

// inheritedPipe returns a pipe's end that this process was started with.
func inheritedPipe(fd uintptr, name string) (*os.File, error) {
	unix.CloseOnExec(int(fd))
	if err := unix.SetNonblock(int(fd), true); err != nil { // so that Close ends a Read
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(fd, name), nil
}
