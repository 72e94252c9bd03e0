package daemon

import (
	"context"
	"errors"
	"net"
)

// listen returns the sockets to serve on: the inherited ones or, if there are none, a new one.
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

// host returns the host that requests are sent to, as far as it is known before the daemon listens.
func (d *Daemon) host() string {
	addr := d.config.Addr
	if len(d.sockets) > 0 {
		addr = d.sockets[0].Addr().String()
	}
	host, _, _ := net.SplitHostPort(addr) // a valid Config has one
	return host
}

// checkAddrs refuses inherited sockets that the settings would not allow to open.
func checkAddrs(sockets []*net.TCPListener, insecure bool) error {
	var errs []error
	for _, l := range sockets {
		if why := checkAddr(l.Addr().String(), insecure); why != "" {
			errs = append(errs, errors.New("the socket that was handed over: "+why))
		}
	}
	return errors.Join(errs...)
}
