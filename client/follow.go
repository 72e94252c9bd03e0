package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// FollowOptions configure [Client.Follow] and [Live.Events]; the zero value and nil mean the defaults.
type FollowOptions struct {
	// After is the position to start after; nil means after the newest entry, so that only later ones are returned.
	After *uint64
	// Token, if not empty, is used instead of After: that of an entry, or of a page. With it the daemon notices that the store
	// was restored from an older copy even if that has as many entries by now. Connections after the first one always do.
	Token string
	// OnDisconnect, if not nil, is called when a connection broke or could not be made, with the time until the next
	// attempt.
	OnDisconnect func(err error, wait time.Duration)
	// OnRecall, if not nil, is called with recalls, which are not in the journal: at most once a second, on the loop's
	// goroutine, between two entries. Recalls made while the connection is lost, or while the loop's body takes
	// seconds, may be missed.
	OnRecall func(wire.Recalls)
}

const (
	// silence is how long a stream may be silent before it counts as lost: three of the daemon's heartbeats.
	silence  = 45 * time.Second
	minWait  = 100 * time.Millisecond
	maxWait  = 5 * time.Second
	maxEvent = 1 << 20
)

// Follow returns the journal's entries from a position on, in order, each once, for as long as the loop runs. It
// replaces a broken connection, with growing pauses of 0.1 to 5 s, and continues where it was: a daemon that is
// restarted or replaced costs the reader no entry.
//
// It ends with an error when ctx ends, or when another attempt would not help. ErrGone means that the journal no longer
// goes back that far (continue after the problem's Oldest) or, with code position_ahead, that it ends before that
// position because the store was restored from an older copy (continue after the problem's Newest; what was read beyond
// it no longer exists). Other errors are refusals by the daemon.
func (c *Client) Follow(ctx context.Context, o *FollowOptions) iter.Seq2[wire.Event, error] {
	return follow(ctx, o, c.stream)
}

// reader is what one connection calls with what it receives.
type reader struct {
	begun    func(sigil.Token)     // called with the position that the stream starts after
	yield    func(wire.Event) bool // takes an entry and reports whether to go on
	recalled func(wire.Recalls)    // called with recalls; nil if they are not wanted
}

// follow yields the entries that read delivers. If the connection is lost, it calls read again with the position of the
// last entry.
func follow(ctx context.Context, o *FollowOptions, read func(ctx context.Context, after *sigil.Token, r reader) error) iter.Seq2[wire.Event, error] {
	if o == nil {
		o = &FollowOptions{}
	}
	return func(yield func(wire.Event, error) bool) {
		after, err := o.start()
		if err != nil {
			yield(wire.Event{}, err)
			return
		}
		wait, left := minWait, false
		at := func(t sigil.Token) { after, wait = &t, minWait }
		for {
			err := read(ctx, after, reader{begun: at, recalled: o.OnRecall, yield: func(e wire.Event) bool {
				at(tokenOf(e.Position, e.Token))
				left = !yield(e, nil)
				return !left
			}})
			switch {
			case left:
				return
			case ctx.Err() != nil:
				yield(wire.Event{}, ctx.Err())
				return
			case err != nil && final(err):
				yield(wire.Event{}, err)
				return
			}
			pause := wait/2 + rand.N(wait/2) // random, so that clients do not all reconnect at once
			if o.OnDisconnect != nil {
				o.OnDisconnect(err, pause)
			}
			wait = min(2*wait, maxWait)
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
	}
}

// start returns the token to start after, or nil for the newest entry.
func (o *FollowOptions) start() (*sigil.Token, error) {
	switch {
	case o.Token != "":
		t, err := sigil.ParseToken("token", o.Token)
		return &t, err
	case o.After != nil:
		return &sigil.Token{Position: *o.After}, nil
	}
	return nil, nil
}

// tokenOf returns the token that came with a position. Daemons of earlier versions send none.
func tokenOf(position uint64, text string) sigil.Token {
	t, err := sigil.ParseToken("token", text)
	if err != nil || t.Position != position {
		return sigil.Token{Position: position}
	}
	return t
}

// errRestart is the error with which a stream ends when the daemon stops or hands over.
var errRestart = fmt.Errorf("%w: the daemon is restarting", ErrUnreachable)

// final reports whether another attempt would not help.
func final(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return errors.Is(err, sigil.ErrClosed) // closed by the caller
	}
	return !errors.Is(err, sigil.ErrUnavailable) && !errors.Is(err, sigil.ErrClosed) && !errors.Is(err, sigil.ErrInternal)
}

// stream reads one response of server-sent events to its end.
func (c *Client) stream(ctx context.Context, after *sigil.Token, to reader) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := request{method: http.MethodGet, path: "/v1/events", query: url.Values{}}
	if after != nil {
		r.query.Set("after", after.String())
	}
	if to.recalled != nil {
		r.query.Set("recalls", "true")
	}
	req, err := c.newRequest(ctx, r)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "text/event-stream, "+problemType)
	quiet := time.AfterFunc(silence, func() { cancel(errors.New("nothing was received for too long")) })
	defer quiet.Stop()
	resp, err := c.endless().Do(req)
	if err != nil {
		return c.unanswered(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return refused(r, resp)
	}
	return c.read(ctx, resp.Body, func() { quiet.Reset(silence) }, to)
}

// endless returns the HTTP client without its timeout, which would end a stream.
func (c *Client) endless() *http.Client {
	h := *c.http
	h.Timeout = 0
	return &h
}

// read parses events: lines of "name: value", each event ended by an empty line.
func (c *Client) read(ctx context.Context, body io.Reader, heard func(), to reader) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxEvent)
	var event string
	var data []byte
	var id *sigil.Token
	for lines.Scan() {
		heard()
		name, value, _ := bytes.Cut(lines.Bytes(), []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "event":
			event = string(value)
			continue
		case "data":
			data = append(data, value...)
			continue
		case "id":
			if t, err := sigil.ParseToken("id", string(value)); err == nil {
				id = &t
			}
			continue
		}
		if len(lines.Bytes()) > 0 {
			continue // a comment, or another field
		}
		// The event is handled only now: a stream that is cut off inside an event, or inside its id, continues before
		// it.
		if data == nil {
			if id != nil && event == "" {
				to.begun(*id)
			}
		} else if done, err := c.event(event, data, to); done || err != nil {
			return err
		}
		event, data, id = "", nil, nil
	}
	err := lines.Err()
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return c.brokeOff(ctx, err)
}

// event handles one event. done reports whether the reader wants no more.
func (c *Client) event(name string, data []byte, to reader) (done bool, err error) {
	switch name {
	case "":
		var e wire.Event
		if err := json.Unmarshal(data, &e); err != nil {
			return true, c.strange(err)
		}
		return !to.yield(e), nil
	case wire.LiveRecalled:
		var r wire.Recalls
		if err := json.Unmarshal(data, &r); err != nil {
			return true, c.strange(err)
		}
		if to.recalled != nil {
			to.recalled(r)
		}
	case "reconnect":
		return true, errRestart
	case "problem":
		e := &Error{}
		if err := json.Unmarshal(data, &e.Problem); err != nil {
			return true, c.strange(err)
		}
		return true, e
	}
	return false, nil // lagged, or an event of a later daemon
}
