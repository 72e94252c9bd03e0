// Package relay carries messages of the Model Context Protocol between a client on standard input and output, and a
// daemon's /mcp. It does not know tools: what a message means is up to the daemon.
//
// A message that the daemon does not answer, since it restarts, is sent again. So that nothing is done twice by this,
// each message has an idempotency key.
package relay

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// maxMessage is the most bytes of a message from the client. The daemon accepts less.
	maxMessage = 16 << 20
	// inFlight is how many messages are with the daemon at once.
	inFlight = 64
)

// Options configure a relay. All but Tenant, Profile and Log are required.
type Options struct {
	In  io.Reader
	Out io.Writer
	// Find returns the URL of a daemon that is ready, such as "http://127.0.0.1:7433". It is called before the first message,
	// and again whenever a daemon has not answered. It may start one.
	Find   func(context.Context) (string, error)
	HTTP   *http.Client
	Tenant string // empty means the daemon's choice
	// Profile is the set of tools; empty means the default.
	Profile string
	// Patience is how long a message is tried. If the daemon says meanwhile how far it is, it begins anew.
	Patience time.Duration
	// Log is called with one line about each failure, from any goroutine.
	Log func(string)
}

// relay is one run.
type relay struct {
	Options
	run     string // begins all idempotency keys
	sent    int
	places  chan struct{} // one for each message with the daemon
	waiting sync.WaitGroup

	mu sync.Mutex
	// +checklocks:mu
	out *bufio.Writer
	// +checklocks:mu
	url string // of the daemon; empty if it must be found
	// +checklocks:mu
	version string // that initialize agreed on; empty before, and in versions without it
	// +checklocks:mu
	cancels map[string]context.CancelFunc // by the id of a request in progress
	// +checklocks:mu
	broken error // of the output

	finding sync.Mutex // held while a daemon is searched
}

// Run relays messages, one a line, until the input ends, and then waits for the answers of those that it has sent. It
// returns an error if the input or the output fails, or if ctx ends, which cancels all requests in progress.
func Run(ctx context.Context, o Options) error {
	r := &relay{
		Options: o, run: rand.Text(), places: make(chan struct{}, inFlight),
		out: bufio.NewWriter(o.Out), cancels: map[string]context.CancelFunc{},
	}
	if r.Log == nil {
		r.Log = func(string) {}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err := r.read(ctx)
	if err != nil {
		cancel()
	}
	r.waiting.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(err, r.broken)
}

// read reads messages and starts to relay each.
func (r *relay) read(ctx context.Context) error {
	in := bufio.NewReaderSize(r.In, 64<<10)
	for {
		text, err := readLine(in)
		if text = bytes.TrimSpace(text); len(text) > 0 {
			r.take(ctx, text)
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
	}
}

func readLine(in *bufio.Reader) (text []byte, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if len(text)+len(part) > maxMessage {
			return nil, fmt.Errorf("a message has more than %d bytes", maxMessage)
		}
		text = append(text, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return text, err
		}
	}
}

// message is what a relay reads of a message. All of it goes to the daemon as it came.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Name      string          `json:"name"`
		URI       string          `json:"uri"`
		RequestID json.RawMessage `json:"requestId"`
		Meta      struct {
			Version string `json:"io.modelcontextprotocol/protocolVersion"`
		} `json:"_meta"`
	} `json:"params"`

	text []byte
	key  string
	late *time.Timer // ends the message's context
}

// canceled is the method by which a client cancels a request.
const canceled = "notifications/cancelled" //nolint:misspell // so it is spelled in the protocol

// isRequest reports whether an answer is expected.
func (m *message) isRequest() bool { return m.Method != "" && len(m.ID) > 0 && string(m.ID) != "null" }

// take relays one message. It returns when the message is on its way.
func (r *relay) take(ctx context.Context, text []byte) {
	m := &message{text: text}
	if err := json.Unmarshal(text, m); err != nil {
		if !json.Valid(text) {
			r.refuse(&message{ID: json.RawMessage("null")}, codeParse, "the message is not one line of JSON")
			return
		}
		m = &message{text: text} // of a form that only the daemon can refuse
	}
	if m.Method == canceled {
		r.cancel(string(m.Params.RequestID))
		return
	}
	r.sent++
	m.key = fmt.Sprintf("%s-%d", r.run, r.sent)
	ctx, cancel := context.WithCancelCause(ctx)
	m.late = time.AfterFunc(r.Patience, func() { cancel(context.DeadlineExceeded) })
	id := string(m.ID)
	if m.isRequest() {
		r.mu.Lock()
		r.cancels[id] = func() { cancel(nil) }
		r.mu.Unlock()
	}
	r.places <- struct{}{}
	// Run waits for this goroutine.
	r.waiting.Go(func() {
		defer func() {
			<-r.places
			if m.isRequest() {
				r.mu.Lock()
				delete(r.cancels, id)
				r.mu.Unlock()
			}
			m.late.Stop()
			cancel(nil)
		}()
		r.send(ctx, m)
	})
}

// cancel cancels a request in progress, which is then not answered. To the daemon, its client hangs up.
func (r *relay) cancel(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if cancel, ok := r.cancels[id]; ok {
		cancel()
	}
}

// write writes one message to the client.
func (r *relay) write(text []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken != nil {
		return
	}
	_, err := r.out.Write(append(bytes.ReplaceAll(bytes.TrimSpace(text), []byte("\n"), nil), '\n'))
	if err == nil {
		err = r.out.Flush()
	}
	r.broken = err
}

// These are codes of JSON-RPC.
const (
	codeParse    = -32700
	codeInvalid  = -32600
	codeInternal = -32603
)

// refuse answers a request with an error.
func (r *relay) refuse(m *message, code int, text string) {
	var answer struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	answer.Version, answer.ID, answer.Error.Code, answer.Error.Message = "2.0", m.ID, code, text
	b, err := json.Marshal(answer)
	if err != nil {
		r.Log(err.Error())
		return
	}
	r.write(b)
}
