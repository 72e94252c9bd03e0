package handover

import (
	"errors"
	"fmt"
	"net"
	"os"
)

// Listeners returns listeners on the sockets of files, which stay open. All must be listening TCP sockets.
func Listeners(files []*os.File) (all []*net.TCPListener, err error) {
	for _, f := range files {
		l, notSocket := net.FileListener(f) // a duplicate, which does not block
		if notSocket != nil {
			err = errors.Join(err, fmt.Errorf("%s is not a listening socket: %w", f.Name(), notSocket))
			continue
		}
		tcp, ok := l.(*net.TCPListener)
		if !ok {
			err = errors.Join(err, fmt.Errorf("%s is a socket of kind %s: only TCP is served", f.Name(), l.Addr().Network()), l.Close())
			continue
		}
		all = append(all, tcp)
	}
	if err != nil {
		Close(all)
		return nil, err
	}
	return all, nil
}

// duplicates returns files of the same sockets, for another process. A socket listens as long as any process
// has it open: if there is a duplicate, closing the listener loses none of the connections queued on it.
//
// [net.TCPListener.File] would put the socket into blocking mode for all its users. A blocking Accept takes
// one more connection after it was told to stop, and drops it.
func duplicates(sockets []*net.TCPListener) (files []*os.File, err error) {
	for _, l := range sockets {
		f, err := duplicate(l)
		if err != nil {
			return nil, errors.Join(err, closeFiles(files))
		}
		files = append(files, f)
	}
	return files, nil
}

// Close closes sockets.
func Close(sockets []*net.TCPListener) {
	for _, l := range sockets {
		_ = l.Close() // nothing was written that could be lost
	}
}

func closeFiles(files []*os.File) error {
	var errs []error
	for _, f := range files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
