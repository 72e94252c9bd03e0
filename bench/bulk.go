package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	bulkConnections = 4
	bulkBatch       = 1000 // memories per request
)

// bulk measures many durable encodes at once over the network: in batches, and pipelined over WebSockets.
func bulk(ctx context.Context, b *bench) (string, error) {
	all, err := b.compare(ctx, "bulk", b.batches(), b.pipelined(), b.redisEncode(1000))
	if err != nil {
		return "", err
	}
	rows := table{{"", "memories/s", "p50", "p99", "p99.9", "Sigil ÷ Redis: median (min to max)", "target"}}
	for i, m := range all {
		to, verdict := "", ""
		if i < 2 && len(all) == 3 {
			r := ratio(m, all[2], rate)
			to, verdict = r.String(), atLeast(3).say(r)
		}
		rows = append(rows, []string{m.name, number(m.of(rate).median), span(m.of(p50)), span(m.of(p99)), span(m.of(p999)), to, verdict})
	}
	return rows.String(), nil
}

// batches posts NDJSON to the batch endpoint. Its latencies are those of whole batches.
func (b *bench) batches() side {
	return side{fmt.Sprintf("Sigil, batches of %d, %d connections", bulkBatch, bulkConnections), "", func(ctx context.Context) (figure, error) {
		return b.withDaemon(ctx, func(d *daemon) (figure, error) {
			h := &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: bulkConnections, DisableCompression: true}}
			defer h.CloseIdleConnections()
			f, err := b.load(ctx, bulkConnections, func(i uint64) error { return postBatch(ctx, h, d.addr, i) })
			f.rate *= bulkBatch
			return f, err
		})
	}}
}

// buffers are reused, because the garbage collector would run on the daemon's processors.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func buffer() *bytes.Buffer {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	return b
}

func postBatch(ctx context.Context, h *http.Client, addr string, i uint64) error {
	body, answer := buffer(), buffer()
	defer buffers.Put(body)
	defer buffers.Put(answer)
	for k := range uint64(bulkBatch) {
		body.WriteString(`{"data":`)
		body.Write(appendPayload(body.AvailableBuffer(), i*bulkBatch+k))
		body.WriteString("}\n")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/v1/sigils:batch", bytes.NewReader(body.Bytes()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := h.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(answer, resp.Body); err != nil {
		return err
	}
	if kept := bytes.Count(answer.Bytes(), []byte(`"status":201`)); kept != bulkBatch {
		return fmt.Errorf("status %d, %d of %d kept", resp.StatusCode, kept, bulkBatch)
	}
	return nil
}

// pipelined sends encodes over WebSockets without waiting for answers, up to inFlight on each connection.
func (b *bench) pipelined() side {
	return side{fmt.Sprintf("Sigil, %d WebSockets, %d encodes in flight on each", bulkConnections, inFlight), "", func(ctx context.Context) (figure, error) {
		return b.withDaemon(ctx, func(d *daemon) (f figure, err error) {
			begin := time.Now()
			from, until := begin.Add(b.span/5), begin.Add(b.span+b.span/5)
			each := make([]latencies, bulkConnections)
			errs := make([]error, bulkConnections)
			var running sync.WaitGroup
			for c := range bulkConnections {
				running.Go(func() { errs[c] = pipeline(ctx, d.addr, uint64(c)<<32, from, until, &each[c]) })
			}
			running.Wait()
			return summary(each, b.span), errors.Join(errs...)
		})
	}}
}
