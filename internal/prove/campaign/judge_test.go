package campaign_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/internal/prove/campaign"
	"github.com/sigil-dna/sigil/store/storetest"
)

// liar is a daemon in this process whose answers can be tampered with.
type liar struct {
	engine *engine.Engine
	addr   string
	tamper atomic.Pointer[func(w http.ResponseWriter, r *http.Request, honest http.Handler)]
	told   atomic.Int64 // lies to rare requests
}

func newLiar(t *testing.T) *liar {
	t.Helper()
	policy, err := sigil.NewHalfLife(1<<40, sigil.DefaultThreshold)
	if err != nil {
		t.Fatal(err)
	}
	l := &liar{engine: engine.New(storetest.NewUndoModel(), &engine.Options{Settings: engine.Settings{Policy: policy, Undo: engine.DefaultUndo()}})}
	honest := httpapi.New(l.engine, &httpapi.Options{Logger: slog.New(slog.DiscardHandler)})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if tamper := l.tamper.Load(); tamper != nil {
			(*tamper)(w, r, honest)
			return
		}
		honest.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	l.addr = strings.TrimPrefix(s.URL, "http://")
	return l
}

// rewrite tampers with the answers to one kind of request.
func (l *liar) rewrite(prefix string, change func(body []byte) []byte) {
	tamper := func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
		if !strings.HasPrefix(r.Method+" "+r.URL.Path, prefix) {
			honest.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		honest.ServeHTTP(answer, r)
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		w.WriteHeader(answer.Code)
		w.Write(change(answer.Body.Bytes()))
	}
	l.tamper.Store(&tamper)
}

// edit changes a decoded answer.
func edit[T any](change func(*T)) func([]byte) []byte {
	return func(body []byte) []byte {
		v := new(T)
		if json.Unmarshal(body, v) != nil {
			return body
		}
		change(v)
		changed, err := json.Marshal(v)
		if err != nil {
			return body
		}
		return changed
	}
}

// some returns the figures of a memory that lives, is not pinned, and has no end.
func (l *liar) some(t *testing.T) sigil.Key {
	t.Helper()
	pinned := false
	page, err := l.engine.List(t.Context(), sigil.DefaultTenant, engine.ListQuery{Limit: 1000, Pinned: &pinned})
	if err != nil {
		t.Fatal(err)
	}
	for i := range page.Memories {
		if m := &page.Memories[i]; m.TTL == 0 {
			return m.Key
		}
	}
	t.Fatal("no such memory")
	return sigil.Key{}
}

// signatures returns a registered signature that is not revoked, and one that is; nil if there is none.
func (l *liar) signatures(t *testing.T) (valid, revoked *sigil.Signature) {
	t.Helper()
	page, err := l.engine.Signatures(t.Context(), sigil.DefaultTenant, engine.SignatureQuery{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for i := range page.Signatures {
		if s := &page.Signatures[i]; s.RevokedAt.IsZero() {
			valid = s
		} else {
			revoked = s
		}
	}
	return valid, revoked
}

// TestLiesAreFound tests the ledger: it reports everything that a daemon may do wrong.
func TestLiesAreFound(t *testing.T) {
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		// lie is what the daemon does between the acknowledgments and the check.
		lie  func(t *testing.T, l *liar)
		more campaign.Run // load after that, at most; less if the lie was told often enough
		want string       // part of what is found; "" for nothing
	}{
		{"none", func(*testing.T, *liar) {}, campaign.Run{Most: 100}, ""},
		{"lost", func(_ *testing.T, l *liar) {
			l.rewrite("GET /v1/sigils", edit(func(p *client.MemoryPage) {
				// A memory with a ttl may end by itself.
				p.Memories = slices.DeleteFunc(p.Memories, func(v client.Memory) bool { return v.TTL == nil })
			}))
		}, campaign.Run{}, "lost: "},
		{"forgotten", func(t *testing.T, l *liar) { must(t, l.engine.Forget(t.Context(), l.some(t))) }, campaign.Run{}, "forgotten without a request: "},
		{"invented", func(t *testing.T, l *liar) {
			_, err := l.engine.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: json.RawMessage(`"nobody's"`)})
			must(t, err)
		}, campaign.Run{}, "invented: "},
		{"invented and gone", func(t *testing.T, l *liar) {
			m, err := l.engine.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: json.RawMessage(`"nobody's"`)})
			must(t, err)
			must(t, l.engine.Forget(t.Context(), m.Key))
		}, campaign.Run{}, "invented: the journal"},
		{"kept twice", func(t *testing.T, l *liar) {
			m, err := l.engine.Peek(t.Context(), l.some(t))
			must(t, err)
			_, err = l.engine.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: m.Data, Tags: m.Tags})
			must(t, err)
		}, campaign.Run{}, "kept twice: "},
		{"other content", func(_ *testing.T, l *liar) {
			l.rewrite("GET /v1/sigils", func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("abc"), []byte("abd")) })
		}, campaign.Run{}, "content differs: "},
		{"pinned", func(t *testing.T, l *liar) {
			_, err := l.engine.Pin(t.Context(), l.some(t))
			must(t, err)
		}, campaign.Run{}, "is pinned: true; acknowledged was false"},
		{"recalled", func(t *testing.T, l *liar) {
			_, err := l.engine.Recall(t.Context(), l.some(t))
			must(t, err)
		}, campaign.Run{}, "recalls; at least"},
		{"recalls lost", func(_ *testing.T, l *liar) {
			l.rewrite("GET /v1/sigils", edit(func(p *client.MemoryPage) {
				for i := range p.Memories {
					p.Memories[i].AccessCount = 0
				}
			}))
		}, campaign.Run{}, "recalls; at least"},
		{"restored without a request", func(t *testing.T, l *liar) {
			page, err := l.engine.Removed(t.Context(), sigil.DefaultTenant, engine.RemovedQuery{Limit: 1000})
			must(t, err)
			at := slices.IndexFunc(page.Removed, func(r engine.Removed) bool { return r.Kind == sigil.Forgotten })
			_, err = l.engine.Restore(t.Context(), page.Removed[at].Memory.Key)
			must(t, err)
		}, campaign.Run{}, "came back: "},
		{"restore that does not last", func(t *testing.T, l *liar) {
			tamper := func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
				honest.ServeHTTP(w, r)
				if text, ok := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/v1/sigils/"), ":restore"); ok {
					id, err := sigil.ParseID(text)
					if err == nil {
						err = l.engine.Forget(r.Context(), sigil.Key{Tenant: sigil.DefaultTenant, ID: id})
					}
					if err != nil {
						t.Error(err)
					}
				}
			}
			l.tamper.Store(&tamper)
		}, campaign.Run{Most: 1000}, "forgotten without a request: "},
		{"restore of other content", func(_ *testing.T, l *liar) {
			tamper := func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
				answer := httptest.NewRecorder()
				honest.ServeHTTP(answer, r)
				body := answer.Body.Bytes()
				if strings.HasSuffix(r.URL.Path, ":restore") {
					body = bytes.ReplaceAll(body, []byte(`"by":`), []byte(`"of":`))
				}
				w.WriteHeader(answer.Code)
				w.Write(body)
			}
			l.tamper.Store(&tamper)
		}, campaign.Run{Most: 1000}, "content differs: "},
		{"forget that is none", func(_ *testing.T, l *liar) {
			tamper := func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
				if r.Method == http.MethodDelete {
					l.told.Add(1)
					w.WriteHeader(http.StatusNoContent)
					return
				}
				honest.ServeHTTP(w, r)
			}
			l.tamper.Store(&tamper)
		}, campaign.Run{Most: 100}, "was forgotten"},
		{"correction that is none", func(_ *testing.T, l *liar) {
			tamper := func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
				if strings.HasSuffix(r.URL.Path, ":correct") {
					l.told.Add(1)
					r.URL.Path = "/v1/sigils"
				}
				honest.ServeHTTP(w, r)
			}
			l.tamper.Store(&tamper)
		}, campaign.Run{Most: 200}, "was corrected"},
		{"erasure that only forgets", func(_ *testing.T, l *liar) {
			tamper := func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
				if r.Method == http.MethodDelete && r.URL.Query().Has("erase") {
					l.told.Add(1)
					r.URL.RawQuery = ""
					honest.ServeHTTP(httptest.NewRecorder(), r)
					w.Write([]byte(`{}`))
					return
				}
				honest.ServeHTTP(w, r)
			}
			l.tamper.Store(&tamper)
		}, campaign.Run{Most: 1500}, "is about a memory that was erased"},
		{"change that is none", func(_ *testing.T, l *liar) {
			tamper := func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
				if r.Method == http.MethodPatch {
					l.told.Add(1)
					r.Method, r.Body = http.MethodGet, http.NoBody
				}
				honest.ServeHTTP(w, r)
			}
			l.tamper.Store(&tamper)
		}, campaign.Run{Most: 200}, "change: "},
		{"another policy", func(_ *testing.T, l *liar) {
			l.rewrite("GET /v1/policy", edit(func(p *client.TenantPolicy) { p.Policy, p.Own = "classic", true }))
		}, campaign.Run{}, "has the policy"},
		{"refused and kept", func(_ *testing.T, l *liar) {
			tamper := func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
				if r.Method+r.URL.Path != "POST/v1/sigils" {
					honest.ServeHTTP(w, r)
					return
				}
				honest.ServeHTTP(httptest.NewRecorder(), r)
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(http.StatusInsufficientStorage)
				w.Write([]byte(`{"status":507,"code":"disk_full"}`))
			}
			l.tamper.Store(&tamper)
		}, campaign.Run{Most: 100, DiskFull: true}, "was refused, but exists"},
		{"repeated and kept twice", func(_ *testing.T, l *liar) {
			tamper := func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
				r.Header.Del("Idempotency-Key")
				honest.ServeHTTP(w, r)
			}
			l.tamper.Store(&tamper)
		}, campaign.Run{}, "two memories for one request: "},
		{"not found after a start", func(_ *testing.T, l *liar) {
			l.rewrite("POST /v1/sigils:search", edit(func(p *client.SearchPage) { p.Hits = p.Hits[:max(0, len(p.Hits)-1)] }))
		}, campaign.Run{}, "a search does not find"},
		{"not found while others write", func(_ *testing.T, l *liar) {
			l.rewrite("POST /v1/sigils:search", edit(func(p *client.SearchPage) { p.Hits = nil }))
		}, campaign.Run{Most: 100}, "search did not find"},
		{"another found", func(_ *testing.T, l *liar) {
			l.rewrite("POST /v1/sigils:search", edit(func(p *client.SearchPage) {
				for i := range p.Hits {
					p.Hits[i].Memory.ID = sigil.ID{1}
				}
			}))
		}, campaign.Run{}, "which does not exist"},
		{"found after it was forgotten", func(t *testing.T, l *liar) {
			events, err := l.engine.Events(t.Context(), sigil.DefaultTenant, 0, 1000)
			must(t, err)
			i := slices.IndexFunc(events, func(e sigil.Event) bool { return e.Kind == sigil.Forgotten })
			if i < 0 {
				t.Fatal("nothing was forgotten")
			}
			l.rewrite("POST /v1/sigils:search", edit(func(p *client.SearchPage) {
				p.Hits = append(p.Hits, client.Hit{Memory: client.Memory{ID: events[i].Memory.ID}})
			}))
		}, campaign.Run{}, "a search finds"},
		{"a signature lost", func(_ *testing.T, l *liar) {
			l.rewrite("GET /v1/code", edit(func(p *client.CodePage) { p.Signatures = p.Signatures[:max(0, len(p.Signatures)-1)] }))
		}, campaign.Run{}, "lost: signature"},
		{"a signature twice", func(_ *testing.T, l *liar) {
			l.rewrite("GET /v1/code", edit(func(p *client.CodePage) { p.Signatures = append(p.Signatures, p.Signatures[0]) }))
		}, campaign.Run{}, "is listed twice"},
		{"a signature that nobody made", func(t *testing.T, l *liar) {
			s, _ := l.signatures(t)
			s.ID = sigil.ID{1}
			_, _, err := l.engine.Register(t.Context(), *s)
			must(t, err)
		}, campaign.Run{}, "invented: signature"},
		{"another header", func(_ *testing.T, l *liar) {
			l.rewrite("GET /v1/code", edit(func(p *client.CodePage) { p.Signatures[0].Header += " " }))
		}, campaign.Run{}, "differs: "},
		{"registered at another time", func(_ *testing.T, l *liar) {
			l.rewrite("GET /v1/code", edit(func(p *client.CodePage) {
				p.Signatures[0].RegisteredAt.Time = p.Signatures[0].RegisteredAt.Add(time.Millisecond)
			}))
		}, campaign.Run{}, "registered twice: "},
		{"revoked without a request", func(t *testing.T, l *liar) {
			s, _ := l.signatures(t)
			_, err := l.engine.Revoke(t.Context(), s.Tenant, s.Body, s.ID, "nobody's")
			must(t, err)
		}, campaign.Run{}, "without a request"},
		{"a revocation undone", func(_ *testing.T, l *liar) {
			l.rewrite("GET /v1/code", edit(func(p *client.CodePage) {
				for i := range p.Signatures {
					p.Signatures[i].RevokedAt, p.Signatures[i].Reason = nil, ""
				}
			}))
		}, campaign.Run{}, "a revocation was undone: "},
		{"a revoke that is none", func(_ *testing.T, l *liar) {
			tamper := func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
				if r.Method == http.MethodDelete && strings.HasPrefix(r.URL.Path, "/v1/code/") {
					l.told.Add(1)
					r.Method, r.URL.RawQuery = http.MethodGet, ""
				}
				honest.ServeHTTP(w, r)
			}
			l.tamper.Store(&tamper)
		}, campaign.Run{Most: 1000}, "which is not revoked"},
		{"journal without a revocation", func(_ *testing.T, l *liar) {
			l.rewrite("GET /v1/events", edit(func(p *client.EventPage) {
				for i := range p.Events {
					if p.Events[i].Kind == sigil.Revoked {
						p.Events[i].Kind = sigil.Signed
					}
				}
			}))
		}, campaign.Run{}, "was registered twice"},
		{"journal with a gap", func(_ *testing.T, l *liar) {
			l.rewrite("GET /v1/events", edit(func(p *client.EventPage) { p.Events = p.Events[:max(0, len(p.Events)-1)] }))
		}, campaign.Run{}, "the journal has no entry"},
		{"journal that repeats", func(_ *testing.T, l *liar) {
			l.rewrite("GET /v1/events", edit(func(p *client.EventPage) {
				if len(p.Events) > 0 {
					p.Events = append(p.Events[:1:1], p.Events...)
				}
			}))
		}, campaign.Run{}, "comes after"},
		{"journal that was changed", func(_ *testing.T, l *liar) {
			l.rewrite("GET /v1/events", edit(func(p *client.EventPage) {
				if len(p.Events) > 0 {
					p.Events[0].Reason = "another"
				}
			}))
		}, campaign.Run{}, "differs from the one seen there"},
		{"journal cut off", func(_ *testing.T, l *liar) {
			tamper := func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
				answer := httptest.NewRecorder()
				honest.ServeHTTP(answer, r)
				body := answer.Body.Bytes()
				if r.URL.Path == "/v1/stats" {
					body = edit(func(s *client.Stats) { s.Position = 10 })(body)
				}
				w.WriteHeader(answer.Code)
				w.Write(body)
			}
			l.tamper.Store(&tamper)
		}, campaign.Run{}, "readers were shown entry"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLiar(t)
			ledger := campaign.NewLedger([]string{sigil.DefaultTenant})
			load := &campaign.Load{Ledger: ledger, Tenants: []string{sigil.DefaultTenant}, Clients: 4, Seed: 1}
			ctx := context.WithoutCancel(t.Context())
			must(t, load.Run(ctx, l.addr, campaign.Run{Most: 60}))
			must(t, ledger.Check(ctx, l.addr, campaign.Checking{}))
			for {
				must(t, load.Run(ctx, l.addr, campaign.Run{Most: 30}))
				if valid, revoked := l.signatures(t); valid != nil && revoked != nil {
					break
				}
			}
			if _, n := ledger.Violations(); n != 0 {
				wrong, _ := ledger.Violations()
				t.Fatalf("found before there was anything: %q", wrong)
			}
			tt.lie(t, l)
			const part, enough = 50, 5
			for left := tt.more.Most; left > 0 && l.told.Load() < enough; left -= part {
				more := tt.more
				more.Most = min(left, part)
				must(t, load.Run(ctx, l.addr, more))
			}
			must(t, load.Repeat(ctx, l.addr, 10))
			must(t, ledger.Check(ctx, l.addr, campaign.Checking{Whole: true}))
			wrong, n := ledger.Violations()
			if (n > 0) != (tt.want != "") || !strings.Contains(strings.Join(wrong, "\n"), tt.want) {
				t.Errorf("found %q, want %q", wrong, tt.want)
			}
		})
	}
}
