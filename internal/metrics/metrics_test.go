package metrics_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/metrics"
)

// scrape returns the text that a scraper gets.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("scrape answered %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// value returns the value of one series in a scrape.
func value(t *testing.T, text, series string) float64 {
	t.Helper()
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, series+" "); ok {
			v, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			if err != nil {
				t.Fatalf("%s: %v", series, err)
			}
			return v
		}
	}
	t.Fatalf("no series %s in:\n%s", series, text)
	return 0
}

func TestPromtoolFindsNothing(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatal("promtool is missing: `make deps` installs it (Debian package prometheus)")
	}
	m := metrics.New("v1.2.3")
	m.Held(func() (int, int) { return 3, 1 })
	m.Disk(func() int64 { return 1 << 20 })
	m.Webhook(func() time.Duration { return time.Minute })
	m.Did("encode", 2, time.Millisecond, nil)
	m.Did("peek", 1, time.Microsecond, sigil.NewNotFound())
	m.Swept(engine.Sweep{Job: sigil.DecayJob, Took: 100 * time.Millisecond}, nil)
	m.Released(sigil.ReasonDecay, 5)
	m.Commit(7, time.Millisecond)
	m.Missed("decay", func() uint64 { return 1 })
	m.Missed("crystallize", func() uint64 { return 0 })
	m.Request("GET /v1/sigils/{id}", 200, time.Millisecond)

	for _, text := range []string{scrape(t, m), checkedFile(t)} {
		check := exec.CommandContext(t.Context(), promtool, "check", "metrics")
		check.Stdin = strings.NewReader(text)
		if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("promtool check metrics: %v\n%s", err, out)
		}
	}
}

func TestEverySweepCounts(t *testing.T) {
	m := metrics.New("")
	for i := range 3 {
		s := engine.Sweep{Job: sigil.DecayJob, Took: 250 * time.Millisecond}
		if i == 1 { // one of them releases something
			m.Released(sigil.ReasonTTL, 4)
		}
		m.Swept(s, nil)
		if got := value(t, scrape(t, m), `sigil_gc_sweep_total{job="decay"}`); got != float64(i+1) {
			t.Errorf("after %d sweeps the counter is at %v", i+1, got)
		}
	}
	m.Swept(engine.Sweep{Job: sigil.CrystallizeJob, Noticed: 7}, context.Canceled)
	text := scrape(t, m)
	for series, want := range map[string]float64{
		`sigil_gc_sweep_total{job="crystallize"}`:                    1,
		`sigil_gc_sweep_duration_seconds_count{job="decay"}`:         3,
		`sigil_gc_sweep_duration_seconds_sum{job="decay"}`:           0.75,
		`sigil_gc_sweep_duration_seconds_count{job="crystallize"}`:   1,
		`sigil_gc_released_total{reason="ttl"}`:                      4,
		"sigil_gc_notices_total":                                     7,
		`sigil_gc_released_total{reason="decay"}`:                    0,
		`sigil_error_total{code="canceled"}`:                         1,
		`sigil_gc_sweep_duration_seconds_bucket{job="decay",le="1"}`: 3,
	} {
		if got := value(t, text, series); got != want {
			t.Errorf("%s is %v, want %v", series, got, want)
		}
	}
}

func TestVerbs(t *testing.T) {
	m := metrics.New("v9")
	m.Did("encode", 1, time.Second, nil)
	m.Did("encode", 100, time.Second, nil)
	m.Did("encode", 100, time.Second, &sigil.Error{Kind: sigil.ErrFull, Code: "quota_full"})
	m.Did("recall", 1, time.Second, nil)
	m.Did("peek", 1, time.Second, fmt.Errorf("wrapped: %w", sigil.NewNotFound()))
	m.Did("pin", 1, time.Second, errors.New("who knows"))
	m.Did("forget", 1, time.Second, context.DeadlineExceeded)
	m.Commit(5, 2*time.Second)
	m.Delivered(7)
	m.Undelivered()
	m.Webhook(func() time.Duration { return 90 * time.Second })
	m.Lagging(3)
	m.Lagging(-1)
	m.Missed("decay", func() uint64 { return 1 })
	m.Missed("crystallize", func() uint64 { return 0 })
	m.Clock(func() engine.ClockState {
		return engine.ClockState{Held: true, Jump: -time.Hour, Ahead: 90 * time.Second, Jumps: 3}
	})
	m.Request("GET /v1/stats", 404, time.Second)
	m.Verdict("tampered")
	m.Called("recall", true, time.Second)
	m.Duplicate(sigil.Reinforce)
	text := scrape(t, m)
	for series, want := range map[string]float64{
		"sigil_encode_total":                                                              101, // the failed ones are not among them
		"sigil_encode_duration_seconds_count":                                             3,
		`sigil_encode_duplicate_total{did="reinforce"}`:                                   1,
		`sigil_encode_duplicate_total{did="keep"}`:                                        0,
		"sigil_recall_total":                                                              1,
		"sigil_recall_duration_seconds_sum":                                               1,
		`sigil_code_verdict_total{verdict="tampered"}`:                                    1,
		`sigil_code_verdict_total{verdict="unknown key"}`:                                 0,
		`sigil_mcp_call_duration_seconds_sum{outcome="error",tool="recall"}`:              1,
		`sigil_mcp_call_duration_seconds_count{outcome="ok",tool="keep"}`:                 0,
		`sigil_operation_total{verb="peek"}`:                                              0,
		`sigil_operation_total{verb="unpin"}`:                                             0,
		`sigil_operation_duration_seconds_count{verb="peek"}`:                             1,
		`sigil_error_total{code="quota_full"}`:                                            1,
		`sigil_error_total{code="not_found"}`:                                             1,
		`sigil_error_total{code="internal"}`:                                              1,
		`sigil_error_total{code="deadline_exceeded"}`:                                     1,
		"sigil_webhook_delivered_total":                                                   7,
		"sigil_webhook_failed_total":                                                      1,
		"sigil_webhook_lag_seconds":                                                       90,
		"sigil_events_lagging":                                                            2,
		"sigil_clock_held":                                                                1,
		"sigil_clock_jump_seconds":                                                        -3600,
		"sigil_clock_ahead_seconds":                                                       90,
		"sigil_clock_jumps_total":                                                         3,
		"sigil_commit_batch_size_sum":                                                     5,
		"sigil_commit_duration_seconds_sum":                                               2,
		`sigil_scheduler_missed_total{job="decay"}`:                                       1,
		`sigil_scheduler_missed_total{job="crystallize"}`:                                 0,
		`http_request_duration_seconds_count{code="404",route="GET /v1/stats"}`:           1,
		`sigil_build_info{goversion="` + runtime.Version() + `",version="v9"}`:            1,
		`http_request_duration_seconds_bucket{code="404",route="GET /v1/stats",le="0.5"}`: 0,
	} {
		if got := value(t, text, series); got != want {
			t.Errorf("%s is %v, want %v", series, got, want)
		}
	}
}

// Two daemons in one process must not share, or fight over, a registry.
func TestRegistriesAreApart(t *testing.T) {
	a, b := metrics.New("a"), metrics.New("b")
	a.Did("recall", 1, 0, nil)
	if got := value(t, scrape(t, b), "sigil_recall_total"); got != 0 {
		t.Errorf("the other's recalls are counted here: %v", got)
	}
}

func TestGaugesAskAtTheScrape(t *testing.T) {
	m := metrics.New("")
	memories := 1
	m.Held(func() (int, int) { return memories, 10 })
	if got := value(t, scrape(t, m), "sigil_memories"); got != 1 {
		t.Errorf("sigil_memories is %v, want 1", got)
	}
	memories = 2
	text := scrape(t, m)
	if got := value(t, text, "sigil_memories"); got != 2 {
		t.Errorf("sigil_memories is %v, want 2", got)
	}
	if got := value(t, text, "sigil_crystals"); got != 10 {
		t.Errorf("sigil_crystals is %v, want 10", got)
	}
}

// A Prometheus with native histograms enabled asks for protobuf. If a histogram were native as well as classic, it would
// keep only the native one, without the _bucket, _count and _sum that queries and alerts use.
func TestHistogramsAreClassicInEveryFormat(t *testing.T) {
	m := metrics.New("")
	m.Did("encode", 1, 3*time.Millisecond, nil)
	m.Request("GET /v1/stats", 200, time.Millisecond)
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", string(expfmt.NewFormat(expfmt.TypeProtoDelim)))
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, r)

	histograms := 0
	families := expfmt.NewDecoder(bytes.NewReader(w.Body.Bytes()), expfmt.NewFormat(expfmt.TypeProtoDelim))
	for {
		var family dto.MetricFamily
		if err := families.Decode(&family); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, metric := range family.GetMetric() {
			h := metric.GetHistogram()
			if h == nil || strings.HasPrefix(family.GetName(), "go_") {
				continue
			}
			histograms++
			if h.Schema != nil || len(h.GetPositiveSpan()) > 0 || h.ZeroThreshold != nil || len(h.GetBucket()) == 0 {
				t.Errorf("%s is not classic alone: %v", family.GetName(), h)
			}
		}
	}
	if histograms < 7 {
		t.Errorf("only %d histograms", histograms)
	}
}
