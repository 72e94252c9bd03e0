// Package live serves what does not end by itself: the journal as server-sent events, and WebSockets with requests and a
// subscription.
//
// It owns the framing, the grouping of requests that arrive together, and how streams are asked to end. It does not know
// paths, headers of REST or the table of error codes: package httpapi reads the request, hands it over and says how an
// error looks.
package live

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/bus"
	"github.com/sigil-dna/sigil/internal/httpapi/draft"
	"github.com/sigil-dna/sigil/wire"
)

// Options configure a Server.
type Options struct {
	Logger *slog.Logger
	// Observe, if not nil, is called for each request on a WebSocket that was answered.
	Observe func(route, method string, status int, took time.Duration)
	Drafts  draft.Reader
	Memory  Memory
	// MaxMessage is the most bytes of a message on a WebSocket.
	MaxMessage int64
	// MaxStreams is the most streams at once; 0 is no limit.
	MaxStreams int
	Bus        bus.Options
}

// Memory bounds the bytes that requests hold at once.
type Memory interface {
	// Take reserves n bytes, or fails if others hold too many for too long.
	Take(ctx context.Context, n int64) error
	// Give releases n bytes.
	Give(n int64)
}

// Request is what the request for a stream says.
type Request struct {
	Tenant  string
	After   *uint64 // the position of the journal to begin after; nil is the newest
	Recalls bool    // whether the stream includes recalls
	// Problem returns how an error looks to the reader.
	Problem func(error) wire.Problem
}

// Server serves the streams of one engine. It may be used from any goroutine. The caller that made it closes it.
type Server struct {
	engine  *engine.Engine
	options Options
	bus     *bus.Bus
	streams streams
	turns   turns
}

// New makes a Server of e. If e is nil, it serves nothing.
func New(e *engine.Engine, o *Options) *Server {
	s := &Server{engine: e, options: *o, bus: bus.New(journal{e}, &o.Bus), turns: newTurns()}
	s.streams.most = o.MaxStreams
	if e != nil {
		e.OnRecall(s.bus)
	}
	return s
}

// Leave asks the readers of all streams to reconnect, and ends the streams. Later ones end at once, until Stay is
// called.
func (s *Server) Leave() { s.streams.leave() }

// Stay takes Leave back, if the service goes on after all.
func (s *Server) Stay() { s.streams.stay() }

// Close ends the streams and waits for those that read the journal for them. The engine's store must still be open.
func (s *Server) Close() {
	s.Leave()
	s.bus.Close()
}

// WantsEvents reports whether the request asks for server-sent events.
func WantsEvents(r *http.Request) bool {
	return r.Method == http.MethodGet && accepts(r, eventStream)
}

// accepts reports whether the request asks for a media type.
func accepts(r *http.Request, media string) bool {
	for _, header := range r.Header["Accept"] {
		for part := range strings.SplitSeq(header, ",") {
			name, _, _ := strings.Cut(part, ";")
			if strings.TrimSpace(name) == media {
				return true
			}
		}
	}
	return false
}
