// Package live serves answers that do not end by themselves: the journal as server-sent events, and
// WebSockets with requests and a subscription.
//
// It owns the framing, the grouping of requests that arrive together, and how streams are asked to end. It
// does not know paths, headers of REST or the table of error codes: package httpapi reads the request, passes
// it on and renders errors.
package live

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/bus"
	"github.com/sigil-dna/sigil/internal/httpapi/draft"
	"github.com/sigil-dna/sigil/wire"
)

// Options configure a Server.
type Options struct {
	Logger *slog.Logger
	// Observe, if not nil, is called for each answered request on a WebSocket.
	Observe func(route, method string, status int, took time.Duration)
	Drafts  draft.Reader
	Memory  Memory
	// MaxMessage is the maximum length in bytes of a message on a WebSocket.
	MaxMessage int64
	// MaxStreams is the maximum number of streams at once; 0 means no limit.
	MaxStreams int
	Bus        bus.Options
}

// Memory limits the bytes that requests hold at once.
type Memory interface {
	// Take reserves n bytes. It fails if other requests hold too many for too long.
	Take(ctx context.Context, n int64) error
	// Give releases n bytes.
	Give(n int64)
}

// Request holds the parameters of a stream.
type Request struct {
	Tenant  string
	After   *sigil.Token // the stream begins after this position of the journal; nil means after the newest
	Recalls bool         // whether the stream includes recalls
	// Problem returns the problem that the reader gets for an error.
	Problem func(error) wire.Problem
}

// Server serves the streams of one engine. It may be used from any goroutine. Its creator closes it.
type Server struct {
	engine  *engine.Engine
	options Options
	bus     *bus.Bus
	streams streams
	turns   turns
}

// New returns a Server for e. If e is nil, the Server serves nothing.
func New(e *engine.Engine, o *Options) *Server {
	s := &Server{engine: e, options: *o, bus: bus.New(journal{e}, &o.Bus), turns: newTurns()}
	s.streams.most = o.MaxStreams
	if e != nil {
		e.OnRecall(s.bus)
	}
	return s
}

// Leave asks the readers of all streams to reconnect, and ends the streams. Streams that begin later end at
// once, until Stay is called.
func (s *Server) Leave() { s.streams.leave() }

// Stay reverts Leave, if the service goes on after all.
func (s *Server) Stay() { s.streams.stay() }

// Redact is called when memories of a tenant were erased: see [bus.Bus.Redact].
func (s *Server) Redact(tenant string) { s.bus.Redact(tenant) }

// Close ends the streams and waits for the goroutines that read the journal for them. The engine's store must
// still be open.
func (s *Server) Close() {
	s.Leave()
	s.bus.Close()
}

// subscribe starts a subscription after a token, or after the newest entry, and returns the token that it begins after.
func (s *Server) subscribe(ctx context.Context, tenant string, after *sigil.Token) (*bus.Subscription, sigil.Token, error) {
	if after == nil {
		sub, err := s.bus.Subscribe(ctx, tenant, nil)
		if err != nil {
			return nil, sigil.Token{}, err
		}
		from, err := s.engine.TokenAt(ctx, sub.After())
		if err != nil {
			sub.Close()
			return nil, from, err
		}
		return sub, from, nil
	}
	sub, err := s.bus.Subscribe(ctx, tenant, &after.Position)
	if err != nil {
		return nil, sigil.Token{}, err
	}
	if err := s.engine.CheckToken(ctx, *after); err != nil {
		sub.Close()
		return nil, sigil.Token{}, err
	}
	return sub, *after, nil
}

// tokenOf returns the token of an entry.
func tokenOf(e *bus.Entry) sigil.Token { return sigil.Token{Position: e.Position, Check: e.Check} }

// WantsEvents reports whether the request asks for server-sent events.
func WantsEvents(r *http.Request) bool {
	return r.Method == http.MethodGet && accepts(r, eventStream)
}

// accepts reports whether the request's Accept header lists a media type.
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
