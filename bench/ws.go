package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// inFlight is how many requests of one connection a daemon handles at once.
const inFlight = 256

// pipeline encodes over one WebSocket and records the latencies of answers that come between from and until. It keeps
// inFlight requests outstanding: after each read it sends as many new ones as were answered, each in a frame of its
// own, in one write. The values are numbered from first on.
//
// It writes and reads the frames itself: a library would cost more than the daemon, on the same processors.
func pipeline(ctx context.Context, addr string, first uint64, from, until time.Time, l *latencies) error {
	conn, in, err := upgrade(ctx, addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()                                         // everything was answered, or another error is returned
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })() // interrupts reads and writes
	var begun [inFlight]time.Time                                               // by request id; zero if none is outstanding
	var frames []byte
	for value := first; ; {
		underWay := 0
		frames = frames[:0]
		now := time.Now()
		for id := range begun {
			if begun[id].IsZero() && now.Before(until) {
				begun[id] = now
				frames = appendFrame(frames, id, value)
				value++
			}
			if !begun[id].IsZero() {
				underWay++
			}
		}
		if underWay == 0 {
			return nil
		}
		if _, err := conn.Write(frames); err != nil { // frames is empty after until: then nothing is sent
			return err
		}
		for answered := 0; answered == 0 || in.Buffered() > 0 && answered < underWay; answered++ {
			id, err := readAnswer(in)
			if err != nil {
				return err
			}
			if id < 0 || id >= len(begun) || begun[id].IsZero() {
				return fmt.Errorf("got an answer with id %d, which is not outstanding", id)
			}
			if end := time.Now(); end.After(from) && end.Before(until) {
				l.add(end.Sub(begun[id]))
			}
			begun[id] = time.Time{}
		}
	}
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
		_ = resp.Body.Close() // it has no body
		if resp.StatusCode != http.StatusSwitchingProtocols {
			err = fmt.Errorf("upgrade: %s", resp.Status)
		}
	}
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return conn, in, nil
}

// appendFrame appends a text frame with one encode, masked with zeros.
func appendFrame(b []byte, id int, value uint64) []byte {
	const head = 8
	from := len(b)
	b = append(b, 0x81, 0x80|126, 0, 0, 0, 0, 0, 0)
	b = strconv.AppendInt(append(b, `{"id":`...), int64(id), 10)
	b = append(b, `,"op":"encode","sigil":{"data":`...)
	b = append(appendPayload(b, value), "}}"...)
	binary.BigEndian.PutUint16(b[from+2:], uint16(len(b)-from-head))
	return b
}

// readAnswer reads a frame and returns the request's id. It fails unless the frame says that a memory was encoded.
func readAnswer(in *bufio.Reader) (id int, err error) {
	head, err := in.Peek(4)
	if err != nil {
		return 0, err
	}
	if head[0] != 0x81 || head[1] != 126 {
		return 0, fmt.Errorf("got a frame that begins with %x, want a text frame of 126 to 65,535 bytes", head)
	}
	n := int(binary.BigEndian.Uint16(head[2:]))
	answer, err := in.Peek(4 + n)
	if err != nil {
		return 0, err
	}
	rest, answers := bytes.CutPrefix(answer[4:], []byte(`{"type":"answer","id":`))
	digits, rest, _ := bytes.Cut(rest, []byte(","))
	if !answers || !bytes.HasPrefix(rest, []byte(`"status":201,"memory":{`)) {
		return 0, fmt.Errorf("got the answer %q", answer)
	}
	if id, err = strconv.Atoi(string(digits)); err != nil {
		return 0, err
	}
	_, err = in.Discard(4 + n)
	return id, err
}
