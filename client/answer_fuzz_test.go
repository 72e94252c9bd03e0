package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// answering is a transport that returns the same answer to every request, without a socket.
type answering struct {
	status int
	header http.Header
	body   []byte
}

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)), Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(a.body)),
	}, nil
}

// FuzzAnswer checks that, whatever the answer is, a call returns a result, or an error that describes the failure in
// one short line and whose kind fits the status.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		``, `{}`, `null`, `[]`, `{"status":1,"code":"not_found","field":"id","detail":"why"}`, `{"code":"a\nb","detail":"\u001b[31m"}`,
		`{"id":"x"}`, `{"createdAt":"yesterday"}`, `{"results":[{"status":201}]}`, "{\"status\":201}\n{\"status\":404,\"problem\":{}}\n", `{"status":"200"}`,
		"<html>\x1b]0;x\x07", "\xff\xfe", `{"memories":[{"fadesAt":null}],"next":7}`, strings.Repeat("é", 300), `{"code":"` + strings.Repeat("x", 1000) + `"}`,
	} {
		for _, status := range []int{200, 201, 204, 302, 400, 404, 409, 500, 503, 999} {
			f.Add(status, "application/problem+json", "7", []byte(body))
		}
		f.Add(404, "text/html", "-1", []byte(body))
		f.Add(503, "application/problem+json; charset", "9223372036854775807", []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, contentType, retryAfter string, body []byte) {
		if status < 100 || status > 999 {
			status = 100 + int(uint(status)%900)
		}
		a := answering{status, http.Header{"Content-Type": {contentType}, "Retry-After": {retryAfter}}, body}
		c := newClient(t, "daemon:1", &client.Options{HTTPClient: &http.Client{
			Transport: a, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}})
		for name, call := range map[string]func(ctx context.Context) error{
			"encode": func(ctx context.Context) error { _, err := c.Encode(ctx, sigil.Draft{Data: []byte("1")}); return err },
			"peek":   func(ctx context.Context) error { _, err := c.Peek(ctx, sigil.ID{}); return err },
			"forget": func(ctx context.Context) error { return c.Forget(ctx, sigil.ID{}) },
			"list":   func(ctx context.Context) error { _, err := c.List(ctx, client.ListQuery{}); return err },
			"events": func(ctx context.Context) error { _, err := c.Events(ctx, 0, 0); return err },
			"related": func(ctx context.Context) error {
				_, err := c.Related(ctx, sigil.ID{}, client.RelatedQuery{})
				return err
			},
			"batch": func(ctx context.Context) error {
				items, err := c.EncodeBatch(ctx, []sigil.Draft{{Data: []byte("1")}, {Data: []byte("2")}})
				if err == nil && len(items) != 2 {
					t.Errorf("%d items of 2", len(items))
				}
				for _, item := range items {
					if err := client.ItemError(item); err != nil {
						checkMessage(t, "item", err)
					}
				}
				return err
			},
			"recall many": func(ctx context.Context) error {
				items, err := c.RecallMany(ctx, []sigil.ID{{}, {15: 1}})
				if err == nil && len(items) != 2 {
					t.Errorf("%d items of 2", len(items))
				}
				return err
			},
		} {
			err := call(t.Context())
			if (status < 200 || status > 299) && err == nil {
				t.Errorf("%s: %d is taken for a success", name, status)
			}
			if err == nil {
				continue
			}
			checkMessage(t, name, err)
			var e *client.Error
			if known := errors.As(err, &e); known == (status >= 200 && status <= 299) {
				t.Errorf("%s: %d gives %v", name, status, err)
			} else if known && (e.Problem.Status != status || e.RetryAfter < 0 || e.RetryAfter > 0 && e.RetryAfter < time.Second) {
				t.Errorf("%s: %d gives %+v", name, status, e)
			}
			if errors.Is(err, sigil.ErrNotFound) && status != http.StatusNotFound {
				t.Errorf("%s: %d speaks of a memory that is gone: %v", name, status, err)
			}
		}
	})
}

func checkMessage(t *testing.T, name string, err error) {
	t.Helper()
	says := err.Error()
	if says == "" || len(says) > 4000 || !utf8.ValidString(says) || strings.ContainsFunc(says, unicode.IsControl) {
		t.Errorf("%s: the error is %d bytes: %.300q", name, len(says), says)
	}
}
