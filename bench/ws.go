package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// inFlight is how many requests of one connection a daemon works on at once.
const inFlight = 64

// pipeline encodes over one WebSocket, whose frames it writes and reads itself: a library would cost more
// than the daemon, on the same processors. Values are numbered after first; what is answered between from
// and until is counted.
func pipeline(ctx context.Context, addr string, first uint64, from, until time.Time, l *latencies) error {
	conn, in, err := upgrade(ctx, addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()                                         // all was answered, or that is the error
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })() // wakes both
	sent := make(chan time.Time, inFlight-1)                                    // and one that the reader waits for
	written := make(chan error, 1)
	go func() { // ends by until, and the reader waits for it
		defer close(sent)
		var frame []byte
		for i := first; ; i++ {
			now := time.Now()
			if now.After(until) {
				written <- nil
				return
			}
			sent <- now
			frame = appendFrame(frame[:0], i)
			if _, err := conn.Write(frame); err != nil {
				written <- err
				return
			}
		}
	}()
	var failed error
	for begin := range sent { // to the end, so that the writer comes to its own
		if failed != nil {
			continue
		}
		if failed = readAnswer(in); failed != nil {
			_ = conn.Close() // the writer hears of it
			continue
		}
		// Answers come in any order: the request that waits longest is taken for the one that is answered.
		if end := time.Now(); end.After(from) && end.Before(until) {
			l.add(end.Sub(begin))
		}
	}
	return errors.Join(failed, <-written)
}

func upgrade(ctx context.Context, addr string) (net.Conn, *bufio.Reader, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	_, err = fmt.Fprintf(conn, "GET /v1/ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", addr)
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	in := bufio.NewReaderSize(conn, 64<<10)
	resp, err := http.ReadResponse(in, nil)
	if err == nil {
		_ = resp.Body.Close() // it has none
		if resp.StatusCode != http.StatusSwitchingProtocols {
			err = fmt.Errorf("upgrade: %s", resp.Status)
		}
	}
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return conn, in, nil
}

// appendFrame appends a text of one encode, masked with zeros.
func appendFrame(b []byte, i uint64) []byte {
	const head = 8
	b = append(b, 0x81, 0x80|126, 0, 0, 0, 0, 0, 0)
	b = append(b, `{"id":1,"op":"encode","sigil":{"data":`...)
	b = append(appendPayload(b, i), "}}"...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-head))
	return b
}

// readAnswer reads a frame and checks that a memory was kept.
func readAnswer(in *bufio.Reader) error {
	head, err := in.Peek(4)
	if err != nil {
		return err
	}
	if head[0] != 0x81 || head[1] != 126 {
		return fmt.Errorf("got a frame that begins with %x: neither a short text nor an answer", head)
	}
	n := int(binary.BigEndian.Uint16(head[2:]))
	want := []byte(`{"type":"answer","id":1,"status":201,`)
	answer, err := in.Peek(4 + len(want))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !bytes.HasSuffix(answer, want) {
		return fmt.Errorf("answered %q", answer)
	}
	_, err = in.Discard(4 + n)
	return err
}
