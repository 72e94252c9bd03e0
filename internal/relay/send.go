package relay

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

// again is how long a relay waits before it sends a message again.
const again = 200 * time.Millisecond

// errAgain means that the daemon has not done what a message asks, or has not said so, and can be asked again.
var errAgain = errors.New("not answered")

// send sends a message until it is answered or ctx ends.
func (r *relay) send(ctx context.Context, m *message) {
	canceled := func() bool { return errors.Is(context.Cause(ctx), context.Canceled) } // by the client, who expects no answer
	for {
		err := r.try(ctx, m)
		switch {
		case err == nil, canceled():
			return
		case ctx.Err() == nil && errors.Is(err, errAgain):
			if pause(ctx) {
				continue
			}
			if canceled() {
				return
			}
		}
		r.Log(err.Error())
		if m.isRequest() {
			r.refuse(m, codeInternal, err.Error())
		}
		return
	}
}

// pause waits a little, and reports whether ctx has not ended.
func pause(ctx context.Context) bool {
	t := time.NewTimer(again)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// daemon returns the URL of the daemon. One caller searches it, and the others wait for that.
func (r *relay) daemon(ctx context.Context) (string, error) {
	if url := r.known(); url != "" {
		return url, nil
	}
	r.finding.Lock()
	defer r.finding.Unlock()
	if url := r.known(); url != "" {
		return url, nil
	}
	url, err := r.Find(ctx)
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.url = url
	return url, nil
}

func (r *relay) known() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.url
}

// lost makes the daemon at url be searched anew.
func (r *relay) lost(url string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.url == url {
		r.url = ""
	}
}

// try sends a message once and writes what is answered.
func (r *relay) try(ctx context.Context, m *message) error {
	url, err := r.daemon(ctx)
	if err != nil {
		return err
	}
	path := "/mcp"
	if r.Profile != "" {
		path += "?profile=" + r.Profile
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+path, bytes.NewReader(m.text))
	if err != nil {
		return err
	}
	r.header(req.Header, m)
	resp, err := r.HTTP.Do(req)
	if err != nil {
		r.lost(url)
		return fmt.Errorf("%w: %w", errAgain, err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusServiceUnavailable, resp.StatusCode == http.StatusBadGateway:
		r.lost(url)
		return fmt.Errorf("%w: the daemon answered %s", errAgain, resp.Status)
	case !m.isRequest():
		return nil
	}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if media == "text/event-stream" {
		err = r.stream(m, resp.Body)
	} else {
		err = r.whole(m, resp)
	}
	if err != nil {
		r.lost(url)
		return fmt.Errorf("%w: %w", errAgain, err)
	}
	return nil
}

// header sets the headers that say what a message says.
func (r *relay) header(h http.Header, m *message) {
	h.Set("Content-Type", "application/json")
	h.Set("Accept", "application/json, text/event-stream")
	h.Set("Idempotency-Key", m.key)
	if r.Tenant != "" {
		h.Set("Sigil-Tenant", r.Tenant)
	}
	version := m.Params.Meta.Version
	if version != "" {
		h.Set("Mcp-Method", m.Method)
		switch m.Method {
		case "tools/call", "prompts/get":
			h.Set("Mcp-Name", m.Params.Name)
		case "resources/read":
			h.Set("Mcp-Name", m.Params.URI)
		}
	} else if m.Method != "initialize" {
		r.mu.Lock()
		version = r.version
		r.mu.Unlock()
	}
	if version != "" {
		h.Set("Mcp-Protocol-Version", version)
	}
}

// whole writes an answer that is one message, or an error in its place.
func (r *relay) whole(m *message, resp *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxMessage))
	if err != nil {
		return err
	}
	var answer struct {
		Version string `json:"jsonrpc"`
		Detail  string `json:"detail"`
	}
	if json.Unmarshal(body, &answer) == nil && answer.Version != "" {
		r.answer(m, body)
		return nil
	}
	text := answer.Detail
	switch {
	case resp.StatusCode == http.StatusNotFound:
		text = "the daemon is older and has no /mcp: replace it by the program on disk with `sigil reload`"
	case text == "":
		text = strings.TrimSpace(string(body))
	}
	code := codeInternal
	if resp.StatusCode == http.StatusBadRequest { // such as a notification that does not exist
		code = codeInvalid
	}
	r.refuse(m, code, fmt.Sprintf("%s: %s", resp.Status, text))
	return nil
}

// stream writes the messages of a stream of events. It returns an error unless one of them is the answer.
func (r *relay) stream(m *message, body io.Reader) error {
	var data []byte
	answered := false
	in := bufio.NewReader(body)
	for {
		line, err := readLine(in)
		line = bytes.TrimRight(line, "\r\n")
		if text, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			data = append(data, bytes.TrimPrefix(text, []byte(" "))...)
		}
		if len(line) == 0 && len(data) > 0 {
			if r.answer(m, data) {
				answered = true
			} else {
				m.late.Reset(r.Patience) // the daemon is at work
			}
			data = nil
		}
		switch {
		case answered:
			return nil
		case errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
	}
}

// answer writes a message of the daemon, and reports whether it is the answer to m.
func (r *relay) answer(m *message, text []byte) bool {
	var v struct {
		Method string `json:"method"`
		Result struct {
			Version string `json:"protocolVersion"`
		} `json:"result"`
	}
	_ = json.Unmarshal(text, &v) // whatever it is, the client gets it
	if m.Method == "initialize" && v.Result.Version != "" {
		r.mu.Lock()
		r.version = v.Result.Version
		r.mu.Unlock()
	}
	r.write(text)
	return v.Method == ""
}
