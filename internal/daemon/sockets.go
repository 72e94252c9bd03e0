package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
)

// listen gives the sockets to serve on: those that were handed over, else one of its own.
func (d *Daemon) listen(ctx context.Context) ([]*net.TCPListener, error) {
	if len(d.sockets) > 0 {
		return d.sockets, nil
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", d.config.Addr)
	if err != nil {
		return nil, err
	}
	return []*net.TCPListener{l.(*net.TCPListener)}, nil
}

// host is where requests come in, as far as it is known before it listens.
func (d *Daemon) host() string {
	addr := d.config.Addr
	if len(d.sockets) > 0 {
		addr = d.sockets[0].Addr().String()
	}
	host, _, _ := net.SplitHostPort(addr) // of a valid Config
	return host
}

// listeners makes listeners of the sockets of files, which stay open. All must be TCP sockets that listen.
func listeners(files []*os.File) (all []*net.TCPListener, err error) {
	for _, f := range files {
		l, notSocket := net.FileListener(f) // a duplicate of its own, which does not block
		if notSocket != nil {
			err = errors.Join(err, fmt.Errorf("%s is no socket that listens: %w", f.Name(), notSocket))
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
		closeAll(all)
		return nil, err
	}
	return all, nil
}

// duplicates gives files of the same sockets, for another process. A socket listens as long as
// somebody has it open: with a duplicate, closing the listener loses no connection that waits at it.
//
// They are made without [net.TCPListener.File]: that makes the socket block, for all who have it, and
// an Accept that blocks takes one connection more after it was told to stop, and drops it.
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

// checkAddrs refuses sockets, handed over by somebody, that the settings would not have opened.
func checkAddrs(sockets []*net.TCPListener, insecure bool) error {
	var errs []error
	for _, l := range sockets {
		if why := checkAddr(l.Addr().String(), insecure); why != "" {
			errs = append(errs, errors.New("the socket that was handed over: "+why))
		}
	}
	return errors.Join(errs...)
}

func closeAll(sockets []*net.TCPListener) {
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
