package campaign

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// fetch returns the body of a GET.
func fetch(ctx context.Context, addr, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		return nil, err
	}
	h := newHTTP()
	defer h.CloseIdleConnections()
	resp, err := h.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// post sends requests that package client would not send, and returns the status and the body. Errors are
// [client.ErrUnreachable].
func post(ctx context.Context, h *http.Client, addr, path, contentType, tenant, key string, body []byte) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Sigil-Tenant", tenant)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := h.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", client.ErrUnreachable, err)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", client.ErrUnreachable, err)
	}
	return resp.StatusCode, answer, nil
}

// postArray encodes a batch as a JSON array.
func postArray(ctx context.Context, h *http.Client, addr string, entries []*Entry) ([]client.BatchItem, error) {
	type draft struct {
		Data   json.RawMessage `json:"data"`
		State  *sigil.State    `json:"state,omitempty"`
		TTL    string          `json:"ttl,omitempty"`
		Policy string          `json:"policy,omitempty"`
		Pinned bool            `json:"pinned,omitempty"`
		Tags   []string        `json:"tags,omitempty"`
		Key    string          `json:"idempotencyKey,omitempty"`
	}
	drafts := make([]draft, len(entries))
	for i, e := range entries {
		d := e.Draft
		drafts[i] = draft{Data: d.Data, State: d.State, Pinned: d.Pinned, Tags: d.Tags, Key: d.IdempotencyKey}
		if d.TTL > 0 {
			drafts[i].TTL = sigil.FormatDuration(d.TTL)
		}
		if d.Policy != nil {
			drafts[i].Policy = d.Policy.String()
		}
	}
	body, err := json.Marshal(drafts)
	if err != nil {
		return nil, err
	}
	status, answer, err := post(ctx, h, addr, "/v1/sigils:batch", "application/json", entries[0].Tenant, "", body)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		refusal := &client.Error{Problem: client.Problem{Status: status}}
		if err := json.Unmarshal(answer, &refusal.Problem); err != nil {
			return nil, err
		}
		return nil, refusal
	}
	var page client.BatchPage
	if err := json.Unmarshal(answer, &page); err != nil {
		return nil, err
	}
	if len(page.Results) != len(entries) {
		return nil, fmt.Errorf("%d answers for a batch of %d", len(page.Results), len(entries))
	}
	return page.Results, nil
}

// bad has requests that a daemon must refuse, and that must not harm it.
var bad = []struct{ path, contentType, body string }{
	{"/v1/sigils", "application/json", ``},
	{"/v1/sigils", "application/json", `{"data":`},
	{"/v1/sigils", "application/json", `{"data":1,"data":2}`},
	{"/v1/sigils", "application/json", `{"data":NaN}`},
	{"/v1/sigils", "application/json", `{"data":"` + "\xff" + `"}`},
	{"/v1/sigils", "application/json", `{"data":"\ud800"}`},
	{"/v1/sigils", "application/json", `{"data":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`},
	{"/v1/sigils", "application/json", `{"data":1,"state":{"phi":2}}`},
	{"/v1/sigils", "application/json", `{"data":1,"ttl":-1}`},
	{"/v1/sigils", "application/json", `{"data":1,"unknown":1}`},
	{"/v1/sigils", "application/json", `{"data":"` + strings.Repeat("x", 1<<20) + `"}`},
	{"/v1/sigils", "text/plain", `{"data":1}`},
	{"/v1/sigils:batch", "application/json", `[{"data":1},`},
	{"/v1/sigils:recall", "application/json", `{"ids":1}`},
	{"/v1/sigils:search", "application/json", `{"query":" "}`},
	{"/v1/sigils:search", "application/json", `{"query":"` + strings.Repeat("x", 5000) + `"}`},
	{"/v1/sigils/no-id:recall", "application/json", ``},
	{"/v1/code", "application/json", `{"publicKey":1}`},
	{"/v1/code", "application/json", `{"publicKey":"RWQ","header":"# signed","size":-1}`},
	{"/v1/code:sign", "application/json", `{"name":"a.py","content":""}`}, // without a key
	{"/v1/code:verify", "application/json", `{"content":"%%"}`},
	{"/v1/nothing", "application/json", `{}`},
}

func (w *worker) badInput(ctx context.Context) outcome {
	b := bad[w.rng.IntN(len(bad))]
	status, answer, err := post(ctx, w.http, w.addr, b.path, b.contentType, w.tenant, "", []byte(b.body))
	what := w.outcome("bad input", err)
	var p client.Problem
	if err == nil && (status < 400 || status > 499 || json.Unmarshal(answer, &p) != nil || p.Code == "") {
		w.load.Ledger.violate("bad input %s %.60q: answered %d %.200q", b.path, b.body, status, answer)
	}
	return what
}

// leaveInTheMiddle begins requests and disconnects before their end.
func (r *run) leaveInTheMiddle(ctx context.Context, rng *rand.Rand) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var dialer net.Dialer
	for {
		const request = "POST /v1/sigils HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n{\"data\":{\"n\":-1}}"
		conn, err := dialer.DialContext(ctx, "tcp", r.addr)
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, request[:rng.IntN(len(request))]) // the daemon may be gone: then the client left earlier
		_ = conn.Close()
		r.load.Done.Add("left in the middle", 1)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// readSlowly reads a long list slowly until ctx ends, and then to its end.
func (r *run) readSlowly(ctx context.Context, tenant string) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", r.addr)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }() // it was read to its end, or is cut off
	if err := conn.SetDeadline(time.Now().Add(Patience)); err != nil {
		return
	}
	_, _ = fmt.Fprintf(conn, "GET /v1/sigils?limit=1000 HTTP/1.1\r\nHost: localhost\r\nSigil-Tenant: %s\r\nConnection: close\r\n\r\n", tenant)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	resp, err := http.ReadResponse(bufio.NewReaderSize(&slow{conn, tick.C, ctx.Done()}, 16), nil)
	var page client.MemoryPage
	if err == nil {
		defer resp.Body.Close()
		err = json.NewDecoder(resp.Body).Decode(&page)
	}
	switch {
	case err == nil:
		r.load.Done.Add("slow read", 1)
	case r.Ends:
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || page.Memories == nil:
		r.load.broken.Add(1)
		r.load.Ledger.violate("a slow reader was cut off: %v", err)
	}
}

// slow reads a little at each tick, until done is closed; then it reads normally.
type slow struct {
	io.Reader
	tick <-chan time.Time
	done <-chan struct{}
}

func (s *slow) Read(p []byte) (int, error) {
	select {
	case <-s.done:
	case <-s.tick:
		p = p[:min(len(p), 512)]
	}
	return s.Reader.Read(p)
}
