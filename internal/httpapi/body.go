package httpapi

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
)

const (
	jsonType   = "application/json"
	ndjsonType = "application/x-ndjson"
	patchType  = "application/merge-patch+json"
)

// contentType returns the request's media type, which must be one of allowed; the first is the default for requests
// without one. The check keeps out what an HTML form can send.
func (c *call) contentType(allowed ...string) (string, error) {
	for _, coding := range c.r.Header["Content-Encoding"] {
		if coding != "" && !strings.EqualFold(coding, "identity") {
			c.Header().Set("Accept-Encoding", "identity")
			return "", refusal("unsupported_media_type", "Content-Encoding", "must not be there: send the body without compression")
		}
	}
	header := c.r.Header.Get("Content-Type")
	if header == "" || header == jsonType { // the usual case
		return allowed[0], nil
	}
	media, params, err := mime.ParseMediaType(header)
	if charset := params["charset"]; err == nil && (charset == "" || strings.EqualFold(charset, "utf-8")) {
		for _, a := range allowed {
			if media == a {
				return a, nil
			}
		}
	}
	c.Header().Set("Accept", strings.Join(allowed, ", "))
	return "", refusal("unsupported_media_type", "Content-Type", "must be "+strings.Join(allowed, " or ")+", in UTF-8 (curl: --json)")
}

// body reads the request's body, at most limit bytes. The bytes may belong to the connection and are valid until the
// request is answered: a caller that keeps any of them makes a copy. Memory is allocated as bytes arrive, whatever
// length the client announced, and is counted that many times towards MaxHeld.
func (c *call) body(limit, times int64) ([]byte, error) {
	b, err := c.bodyBytes(limit, times)
	c.whole()
	return b, err
}

func (c *call) bodyBytes(max, times int64) ([]byte, error) {
	if c.r.ContentLength > max {
		return nil, c.tooLong(max)
	}
	if here, ok := c.r.Body.(interface{ Whole() []byte }); ok { // all of it has arrived, in the announced length
		return here.Whole(), nil
	}
	from := http.MaxBytesReader(c.ResponseWriter, c.r.Body, max)
	longest := max + 1 // one more, to find out whether the body is too long
	if n := c.r.ContentLength; n > 0 {
		longest = n + 1
	}
	begin := time.Now()
	b := make([]byte, 0, min(longest, uncounted))
	for {
		if len(b) == cap(b) {
			size := min(2*int64(cap(b)), longest)
			if err := c.hold(times * size); err != nil {
				c.Header().Set("Connection", "close") // the rest of it is not read
				return nil, err
			}
			b = append(make([]byte, 0, size), b...)
		}
		c.stall(begin)
		n, err := from.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		var over *http.MaxBytesError
		switch {
		case errors.Is(err, io.EOF):
			return b, nil
		case errors.As(err, &over):
			return nil, c.tooLong(max)
		case err != nil:
			return nil, &sigil.Error{Kind: sigil.ErrInvalid, Code: "incomplete_body", Field: "body", Detail: "ended before its end", Err: err}
		}
	}
}

func (c *call) tooLong(max int64) error {
	c.Header().Set("Connection", "close") // the rest of the body is not worth reading
	return tooLarge("body_too_large", "body", "has more than %d bytes", max)
}
