package embedder_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/embedder"
)

// run runs f with a worker that is started, in a bubble whose clock goes as soon as all wait. It stops the worker.
func run(t *testing.T, m *memories, e *endpoint, o embedder.Options, f func(w *embedder.Worker)) {
	w := worker(t, m, e, o)
	w.Start()
	f(w)
	stop(t, w)
}

// TestAllGetVectors shows that what was there before the start and what comes later get their vectors, in batches.
func TestAllGetVectors(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, _ := newMemories(t, texts(150)...)
				m.encode("") // has nothing to make a vector of
				e := newEndpoint(t)
				e.kind = k
				var c counts
				run(t, m, e, c.options(&logs{}), func(w *embedder.Worker) {
					synctest.Wait()
					w.Add(m.encode("one more", "another")...)
					synctest.Wait()
					m.mu.Lock()
					for key, text := range m.texts {
						if text == "" {
							if v, ok := m.kept[key]; v != nil || !ok {
								t.Errorf("the vector of no text is %v (%v)", v, ok)
							}
							delete(m.texts, key)
						}
					}
					m.mu.Unlock()
					m.complete()
					if n := w.Queued(); n != 0 {
						t.Errorf("%d are queued", n)
					}
				})
				requests, _ := e.heard()
				if len(requests) != 5 { // the probe, 150 by 64, and the two
					t.Errorf("%d requests", len(requests))
				}
				for _, r := range requests {
					if len(r) > 64 {
						t.Errorf("a request has %d texts", len(r))
					}
				}
				if n, failures, skipped := c.get(); n != 5 || failures+skipped != 0 {
					t.Errorf("%d requests, %d failures, %d skipped", n, failures, skipped)
				}
			})
		})
	}
}

// TestLongTexts shows that one text that is too long does not cost the others their vectors, and is cut until it fits.
func TestLongTexts(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all := texts(20)
				all[3], all[17] = long(7000, 3), long(50_000, 17)
				m, _ := newMemories(t, all...)
				e := newEndpoint(t)
				e.kind = k
				run(t, m, e, embedder.Options{}, func(*embedder.Worker) { synctest.Wait() })
				requests, _ := e.heard()
				for _, r := range requests {
					all := strings.Join(r, "")
					if strings.Contains(all, "\uFFFD") {
						t.Error("a character was cut")
					}
					if len(r) > 1 && len(all) > 128<<10 {
						t.Errorf("a request has %d bytes", len(all))
					}
				}
				m.mu.Lock()
				defer m.mu.Unlock()
				if len(m.kept) != 20 {
					t.Errorf("%d of 20 memories have vectors", len(m.kept))
				}
				for key, v := range m.kept {
					if v == nil {
						t.Errorf("%q has no vector", shortened(m.texts[key]))
					}
				}
			})
		})
	}
}

// TestRefusedTexts shows that a text that is refused however short is given up, and only that.
func TestRefusedTexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := texts(30)
		all[7] += " poison"
		m, keys := newMemories(t, all...)
		e := newEndpoint(t)
		e.instead = func(w http.ResponseWriter, _ *http.Request, texts []string) bool {
			if slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, "poison") }) {
				e.refuse(w, http.StatusUnprocessableEntity, "cannot embed "+strings.Join(texts, " "))
				return true
			}
			return false
		}
		var c counts
		log := &logs{}
		run(t, m, e, c.options(log), func(*embedder.Worker) {
			time.Sleep(time.Hour) // it is not asked for again
			synctest.Wait()
		})
		m.mu.Lock()
		if v, ok := m.kept[keys[7]]; v != nil || !ok {
			t.Errorf("the refused text has the vector %v (%v)", v, ok)
		}
		delete(m.texts, keys[7])
		m.mu.Unlock()
		m.complete()
		if requests, _, skipped := c.get(); skipped != 1 || requests > 20 {
			t.Errorf("%d requests, %d skipped", requests, skipped)
		}
		if log.String() != "" {
			t.Errorf("logged %s", log)
		}
	})
}

// TestAllRefused shows that no text is given up while the endpoint refuses everything.
func TestAllRefused(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusInternalServerError} {
		synctest.Test(t, func(t *testing.T) {
			m, keys := newMemories(t)
			e := newEndpoint(t)
			var broken atomic.Bool
			e.instead = func(w http.ResponseWriter, _ *http.Request, texts []string) bool {
				if broken.Load() {
					e.refuse(w, status, "pooling type none: "+strings.Join(texts, " "))
				}
				return broken.Load()
			}
			var c counts
			run(t, m, e, c.options(&logs{}), func(w *embedder.Worker) {
				synctest.Wait()
				broken.Store(true)
				keys = m.encode(texts(40)...)
				w.Add(keys...)
				time.Sleep(time.Hour)
				synctest.Wait()
				if requests, _, skipped := c.get(); skipped != 0 || requests > 1000 {
					t.Errorf("%d requests, %d skipped", requests, skipped)
				}
				broken.Store(false)
				time.Sleep(time.Minute)
				synctest.Wait()
				m.complete()
			})
		})
	}
}

// TestDown shows that texts wait while the endpoint is down, how often it is tried, and that nothing of texts, key or answers
// gets into logs.
func TestDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := newMemories(t, texts(3)...)
		e := newEndpoint(t)
		var down atomic.Bool
		down.Store(true)
		e.instead = func(w http.ResponseWriter, _ *http.Request, texts []string) bool {
			if down.Load() {
				e.refuse(w, http.StatusServiceUnavailable, "busy with "+key+strings.Join(texts, " "))
			}
			return down.Load()
		}
		var c counts
		log := &logs{}
		run(t, m, e, c.options(log), func(w *embedder.Worker) {
			time.Sleep(time.Hour)
			synctest.Wait()
			_, at := e.heard()
			for i := range at[1:] {
				most := min(time.Second<<min(i, 20), time.Minute)
				if d := at[i+1].Sub(at[i]); d < most/2-time.Millisecond || d > most {
					t.Errorf("wait %d took %v, want %v at most and half of it at least", i, d, most)
				}
			}
			if _, known := w.Model(); known || len(at) < 60 {
				t.Errorf("%d attempts in an hour, and the model known: %v", len(at), known)
			}
			down.Store(false)
			time.Sleep(time.Minute)
			synctest.Wait()
			m.complete()
			// While it works, too.
			down.Store(true)
			w.Add(m.encode("while it is down")...)
			time.Sleep(time.Hour)
			down.Store(false)
			time.Sleep(time.Minute)
			synctest.Wait()
			m.complete()
		})
		text := log.String()
		if strings.Count(text, "failed") != 2 || strings.Count(text, "succeeded again") != 2 {
			t.Errorf("logged %s", text)
		}
		for _, secret := range []string{key, "busy", "text number", "while it"} {
			if strings.Contains(text, secret) {
				t.Errorf("logged %s", text)
			}
		}
		if requests, failures, _ := c.get(); failures < 120 || failures == requests {
			t.Errorf("%d of %d requests failed", failures, requests)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		value  func() string
		want   time.Duration
	}{
		"seconds":  {http.StatusTooManyRequests, func() string { return "90" }, 90 * time.Second},
		"a date":   {http.StatusServiceUnavailable, func() string { return time.Now().Add(3 * time.Minute).UTC().Format(http.TimeFormat) }, 3 * time.Minute},
		"too long": {http.StatusTooManyRequests, func() string { return "999999" }, 10 * time.Minute},
		"garbage":  {http.StatusTooManyRequests, func() string { return "soon" }, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, _ := newMemories(t, "text")
				e := newEndpoint(t)
				var asked atomic.Int32
				e.instead = func(w http.ResponseWriter, _ *http.Request, _ []string) bool {
					if asked.Add(1) > 1 {
						return false
					}
					w.Header().Set("Retry-After", tt.value())
					w.WriteHeader(tt.status)
					return true
				}
				run(t, m, e, embedder.Options{}, func(*embedder.Worker) {
					time.Sleep(time.Hour)
					synctest.Wait()
				})
				_, at := e.heard()
				if d := at[1].Sub(at[0]); d < tt.want/2 || d > tt.want {
					t.Errorf("waited %v, want %v", d, tt.want)
				}
				m.complete()
			})
		})
	}
}

// TestSlow shows that a request that takes too long is given up, and repeated with fewer texts; and that what was made before
// it is not made again, so that all get vectors however slow the endpoint is.
func TestSlow(t *testing.T) {
	for _, seconds := range []float64{2.5, 5.5, 7, 14, 25, 59} { // for each text; no request takes just a minute
		each := time.Duration(seconds * float64(time.Second))
		t.Run(each.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, _ := newMemories(t, texts(100)...)
				e := newEndpoint(t)
				e.takes(func(texts []string) time.Duration { return time.Duration(len(texts)) * each })
				run(t, m, e, embedder.Options{}, func(*embedder.Worker) {
					time.Sleep(12 * time.Hour)
					synctest.Wait()
				})
				m.complete()
			})
		})
	}
}

// TestAddNeverWaits shows that a full queue drops memories, which are found again in the source.
func TestAddNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := newMemories(t)
		e := newEndpoint(t)
		release := make(chan struct{})
		e.instead = func(http.ResponseWriter, *http.Request, []string) bool { <-release; return false }
		run(t, m, e, embedder.Options{Queue: 10}, func(w *embedder.Worker) {
			synctest.Wait()
			w.Add(m.encode(texts(1000)...)...)
			if n := w.Queued(); n != 10 {
				t.Errorf("%d are queued", n)
			}
			close(release)
			synctest.Wait()
			m.complete()
		})
	})
}

// TestLook shows that what is missing is looked for now and then, and when Look asks for it.
func TestLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := newMemories(t)
		run(t, m, newEndpoint(t), embedder.Options{}, func(w *embedder.Worker) {
			synctest.Wait()
			m.encode("of another process")
			w.Look()
			synctest.Wait()
			m.complete()
			m.encode("of one that ended")
			time.Sleep(30 * time.Second)
			synctest.Wait()
			m.complete()
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.scans > 8 {
				t.Errorf("the source was asked %d times", m.scans)
			}
		})
	})
}

// TestSourceFails shows that failures of the source are retried, and do not count as failures of the endpoint.
func TestSourceFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := newMemories(t, texts(3)...)
		m.failing(errors.New("no disk"))
		log := &logs{}
		var c counts
		run(t, m, newEndpoint(t), c.options(log), func(w *embedder.Worker) {
			time.Sleep(time.Minute)
			m.failing(nil)
			time.Sleep(time.Minute)
			synctest.Wait()
			m.complete()
			m.failing(errors.New("no disk"))
			w.Add(m.encode("more")...)
			time.Sleep(time.Hour)
			synctest.Wait()
			if _, err := w.Query(context.Background(), "tea"); err != nil {
				t.Error(err)
			}
			m.failing(nil)
			time.Sleep(time.Minute)
			synctest.Wait()
			m.complete()
		})
		if _, failures, _ := c.get(); failures != 0 || strings.Count(log.String(), "no disk") != 2 {
			t.Errorf("%d failures; logged %s", failures, log)
		}
	})
}

// TestOtherLengths shows that vectors of another length are not kept.
func TestOtherLengths(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := newMemories(t)
		e := newEndpoint(t)
		var other atomic.Bool
		e.instead = func(w http.ResponseWriter, _ *http.Request, texts []string) bool {
			if other.Load() {
				data := make([]map[string]any, len(texts))
				for i := range texts {
					data[i] = openAI(i, []float32{1, 2, 3})
				}
				e.answer(w, data)
			}
			return other.Load()
		}
		log := &logs{}
		var c counts
		run(t, m, e, c.options(log), func(w *embedder.Worker) {
			synctest.Wait()
			other.Store(true)
			w.Add(m.encode("text")...)
			time.Sleep(time.Hour)
			synctest.Wait()
			m.mu.Lock()
			if len(m.kept) > 0 || !strings.Contains(log.String(), "another length") {
				t.Errorf("kept %v; logged %s", m.kept, log)
			}
			m.mu.Unlock()
			other.Store(false)
			time.Sleep(time.Minute)
			synctest.Wait()
			m.complete()
		})
	})
}

// TestAnyOrder shows that vectors are those of the texts with their indexes.
func TestAnyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := newMemories(t, texts(64)...)
		e := newEndpoint(t)
		e.instead = func(w http.ResponseWriter, _ *http.Request, texts []string) bool {
			data := make([]map[string]any, len(texts))
			for i, text := range texts {
				data[(i*29+5)%len(data)] = openAI(i, vectorOf(text)) // 29 has no divisor in common with 64
			}
			e.answer(w, data)
			return true
		}
		run(t, m, e, embedder.Options{}, func(*embedder.Worker) { synctest.Wait() })
		m.complete()
	})
}

// TestQueries shows that a search does not wait for an endpoint that is down or slow.
func TestQueries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := newMemories(t)
		e := newEndpoint(t)
		var takes atomic.Int64
		e.takes(func([]string) time.Duration { return time.Duration(takes.Load()) })
		takes.Store(int64(time.Second)) // so that the worker has no answer yet when the first query asks
		ask := func(w *embedder.Worker, text string) (took time.Duration, err error) {
			begin := time.Now()
			_, err = w.Query(context.Background(), text)
			return time.Since(begin), err
		}
		run(t, m, e, embedder.Options{}, func(w *embedder.Worker) {
			if took, err := ask(w, "before the first answer"); took != 0 || !errors.Is(err, sigil.ErrUnavailable) {
				t.Errorf("got %v after %v", err, took)
			}
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if took, err := ask(w, "tea"); took != time.Second || err != nil {
				t.Errorf("got %v after %v", err, took)
			}
			if took, err := ask(w, "tea"); took != 0 || err != nil {
				t.Errorf("the second time: %v after %v", err, took)
			}
			takes.Store(int64(time.Hour))
			if took, err := ask(w, "slow"); took != 2*time.Second || !errors.Is(err, sigil.ErrUnavailable) {
				t.Errorf("got %v after %v", err, took)
			}
			if took, err := ask(w, "slow"); took != 0 || !errors.Is(err, sigil.ErrUnavailable) {
				t.Errorf("once it is known: %v after %v", err, took)
			}
			if took, err := ask(w, "tea"); took != 0 || !errors.Is(err, sigil.ErrUnavailable) {
				t.Errorf("a known query: %v after %v", err, took) // the hits' vectors may be missing, too
			}
			takes.Store(0)
			time.Sleep(time.Second)
			if took, err := ask(w, "slow"); took != 0 || err != nil {
				t.Errorf("got %v after %v", err, took)
			}
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if _, err := w.Query(ctx, "nobody waits"); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			if _, err := ask(w, "another"); err != nil {
				t.Errorf("after a caller that left: %v", err)
			}
		})
	})
}

// TestStop shows that a worker ends at once, whatever it does.
func TestStop(t *testing.T) {
	for name, instead := range map[string]func(w http.ResponseWriter, r *http.Request, _ []string) bool{
		"during a request": func(_ http.ResponseWriter, r *http.Request, _ []string) bool { <-r.Context().Done(); return true },
		"between attempts": func(w http.ResponseWriter, _ *http.Request, _ []string) bool { w.WriteHeader(503); return true },
		"idle":             nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, _ := newMemories(t, "text")
				e := newEndpoint(t)
				e.instead = instead
				var c counts
				w := worker(t, m, e, c.options(&logs{}))
				w.Start()
				w.Start()
				time.Sleep(20 * time.Second)
				begin := time.Now()
				stop(t, w)
				stop(t, w)
				if took := time.Since(begin); took != 0 {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
	w := worker(t, nil, newEndpoint(t), embedder.Options{})
	stop(t, w)
	w.Start() // has no effect
}
