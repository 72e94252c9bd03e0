// Package metrics counts and times what the daemon does, for Prometheus. It owns the names of the metrics, their
// labels and buckets. It is an [engine.Observer], and has the hooks of the store, the scheduler and the HTTP server as
// methods.
//
// It does not know its callers. At a scrape it calls only the functions it was given for that. No label holds a tenant,
// an id or anything else that callers choose: the number of series is bounded.
package metrics

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

var _ engine.Observer = (*Metrics)(nil)

// Metrics has its own registry, so that several can exist in one process. Its methods may be called from any goroutine,
// take well under a microsecond and never fail.
type Metrics struct {
	registry *prometheus.Registry

	sweeps        *prometheus.CounterVec
	sweepDuration *prometheus.HistogramVec
	released      *prometheus.CounterVec
	notices       prometheus.Counter

	encodes, recalls               prometheus.Counter
	encodeDuration, recallDuration prometheus.Histogram
	duplicates                     *prometheus.CounterVec
	operations                     *prometheus.CounterVec
	operationDuration              *prometheus.HistogramVec
	failures                       *prometheus.CounterVec

	subscribers    prometheus.Gauge
	lagged         prometheus.Counter
	lagging        prometheus.Gauge
	commitBatch    prometheus.Histogram
	commitDuration prometheus.Histogram
	requests       *prometheus.HistogramVec

	webhookDelivered, webhookFailed prometheus.Counter
	verdicts                        *prometheus.CounterVec
	toolCalls                       *prometheus.HistogramVec

	lastBackup     prometheus.Gauge
	backupDuration prometheus.Histogram
	backupsFailed  prometheus.Counter

	embedded                     prometheus.Histogram
	embedderFailed, embedderSkip prometheus.Counter
}

// Label values that are known beforehand start at 0: a rate over a counter that first appears at 1 would miss that 1,
// and a missing series would look like one that has counted nothing.
var (
	jobs       = []sigil.Job{sigil.DecayJob, sigil.CrystallizeJob}
	reasons    = []string{sigil.ReasonDecay, sigil.ReasonTTL, sigil.ReasonMemories, sigil.ReasonBytes, sigil.ReasonRequest}
	verbs      = []string{"peek", "correct", "history", "forget", "erase", "restore", "removed", "pin", "unpin", "change", "list", "search", "reembed", "related", "crystals", "patterns", "events", "stats", "identity", "explain", "forecast", "trim", "register", "signatures", "revoke", "import", "export", "tenants", "policy", "restamp"}
	duplicates = []sigil.OnDuplicate{sigil.Keep, sigil.Reinforce, sigil.Reject}
	// As package codesign has them.
	verdicts = []string{"authentic", "tampered", "unsigned", "unknown key", "revoked", "expired"}
	// Those that assistants are given by default, as package mcp has them.
	tools = []string{"remember", "recall", "peek", "correct", "forget", "keep", "explain", "what_fades"}
	// The codes of errors that alerts are about.
	codes = []string{"internal", "unavailable", "closed", "quota_full", "disk_full", "duplicate", "superseded", "not_found", "canceled", "deadline_exceeded"}
)

// New returns the metrics of a daemon of the given version. All exist from the start, except for those of
// [Metrics.Held], [Metrics.Disk], [Metrics.Clock], [Metrics.Missed], [Metrics.Embedder] and [Metrics.Webhook].
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.sweeps = m.counters("sigil_gc_sweep_total", "Sweeps that ran, whether or not they released anything.", "job")
	m.sweepDuration = m.histograms("sigil_gc_sweep_duration_seconds", "How long a sweep took.", seconds, "job")
	m.released = m.counters("sigil_gc_released_total", "Memories released, by reason: decay and ttl (faded), memories and bytes (evicted), request (forgotten or erased).", "reason")
	m.notices = m.counter("sigil_gc_notices_total", "Notices of memories that will fade soon, if --notice is set.")

	m.encodes = m.counter("sigil_encode_total", "Memories encoded.")
	m.encodeDuration = m.histogram("sigil_encode_duration_seconds", "How long a call that encodes took, with its commit; a batch is one call.", seconds)
	m.duplicates = m.counters("sigil_encode_duplicate_total", "Encodes whose content the tenant had already, by what was done: keep, reinforce, reject.", "did")
	m.recalls = m.counter("sigil_recall_total", "Memories recalled.")
	m.recallDuration = m.histogram("sigil_recall_duration_seconds", "How long a recall took.", seconds)
	m.operations = m.counters("sigil_operation_total", "Operations done, other than encodes and recalls, by verb.", "verb")
	m.operationDuration = m.histograms("sigil_operation_duration_seconds", "How long an operation took, other than encodes and recalls, by verb.", seconds, "verb")
	m.failures = m.counters("sigil_error_total", "Operations and sweeps that failed, by the error's code.", "code")

	m.subscribers = prometheus.NewGauge(prometheus.GaugeOpts{Name: "sigil_events_subscribers", Help: "Current subscribers of the journal, over WebSocket or server-sent events."})
	m.registry.MustRegister(m.subscribers)
	m.lagged = m.counter("sigil_events_lagged_total", "Times that a subscriber fell behind and was served from the journal.")
	m.lagging = prometheus.NewGauge(prometheus.GaugeOpts{Name: "sigil_events_lagging", Help: "Current subscribers that fell behind and have not caught up yet."})
	m.registry.MustRegister(m.lagging)
	m.commitBatch = m.histogram("sigil_commit_batch_size", "Changes written by one commit of the store.", prometheus.ExponentialBuckets(1, 2, 13))
	m.commitDuration = m.histogram("sigil_commit_duration_seconds", "How long a commit of the store took, with its sync.", seconds)
	m.webhookDelivered = m.counter("sigil_webhook_delivered_total", "Events that the webhook's receiver accepted.")
	m.webhookFailed = m.counter("sigil_webhook_failed_total", "Attempts to deliver to the webhook that failed.")
	m.lastBackup = prometheus.NewGauge(prometheus.GaugeOpts{Name: "sigil_backup_last_success_timestamp_seconds", Help: "When the newest backup of the store was begun; 0 if there is none."})
	m.registry.MustRegister(m.lastBackup)
	m.backupDuration = m.histogram("sigil_backup_duration_seconds", "How long a backup took, with reading it back.", prometheus.ExponentialBuckets(0.01, 4, 10))
	m.backupsFailed = m.counter("sigil_backup_failed_total", "Backups that could not be made.")
	m.embedded = m.histogram("sigil_embedder_request_duration_seconds", "How long a request for vectors to the endpoint took.", seconds)
	m.embedderFailed = m.counter("sigil_embedder_failed_total", "Requests for vectors that failed.")
	m.embedderSkip = m.counter("sigil_embedder_refused_total", "Memories without a vector because the endpoint refuses their text.")
	m.verdicts = m.counters("sigil_code_verdict_total", "Verdicts over signatures of code, by verdict.", "verdict")
	m.toolCalls = m.histograms("sigil_mcp_call_duration_seconds", "How long a call of an assistant's tool took, by tool and outcome: ok or error.", seconds, "tool", "outcome")
	m.requests = m.histograms("http_request_duration_seconds", "How long an HTTP request took, by route and status code.", seconds, "route", "code")

	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sigil_build_info", Help: "Always 1; the labels have the version that is running."}, []string{"version", "goversion"})
	build.WithLabelValues(version, runtime.Version()).Set(1)
	m.registry.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	for _, job := range jobs {
		m.sweeps.WithLabelValues(string(job))
		m.sweepDuration.WithLabelValues(string(job))
	}
	for _, reason := range reasons {
		m.released.WithLabelValues(reason)
	}
	for _, did := range duplicates {
		m.duplicates.WithLabelValues(string(did))
	}
	for _, tool := range tools {
		m.toolCalls.WithLabelValues(tool, "ok")
		m.toolCalls.WithLabelValues(tool, "error")
	}
	for _, verb := range verbs {
		m.operations.WithLabelValues(verb)
		m.operationDuration.WithLabelValues(verb)
	}
	for _, verdict := range verdicts {
		m.verdicts.WithLabelValues(verdict)
	}
	for _, code := range codes {
		m.failures.WithLabelValues(code)
	}
	return m
}

// Handler returns the handler for scrapes. It answers in the format and encoding that the scraper accepts.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Held adds the gauges of what the store holds, and calls count at each scrape. count must be fast, however much is
// held. Call Held once, before the first scrape.
func (m *Metrics) Held(count func() (memories, crystals int)) {
	gauge := func(name, help string, of func() int) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(of()) }))
	}
	gauge("sigil_memories", "Memories held, of all tenants.", func() int { memories, _ := count(); return memories })
	gauge("sigil_crystals", "Crystals held, of memories and of patterns, of all tenants.", func() int { _, crystals := count(); return crystals })
}

// Disk adds the gauge of the store's size on disk, and calls size at each scrape. Call it once, before the first
// scrape.
func (m *Metrics) Disk(size func() int64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "sigil_store_disk_bytes", Help: "Bytes of the embedded store's files.",
	}, func() float64 { return float64(size()) }))
}

// Clock adds the metrics of the engine's clock, and calls state at each scrape. Call it once, before the first scrape.
func (m *Metrics) Clock(state func() engine.ClockState) {
	gauge := func(name, help string, of func(engine.ClockState) float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return of(state()) }))
	}
	gauge("sigil_clock_held", "1 during an unconfirmed jump of the clock, while sweeps are held; otherwise 0.", func(s engine.ClockState) float64 {
		if s.Held {
			return 1
		}
		return 0
	})
	gauge("sigil_clock_jump_seconds", "Size of an unconfirmed jump of the clock; otherwise 0.", func(s engine.ClockState) float64 { return s.Jump.Seconds() })
	gauge("sigil_clock_ahead_seconds", "How far the engine's time is ahead of the clock; it runs at half its pace until they agree.", func(s engine.ClockState) float64 { return s.Ahead.Seconds() })
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "sigil_clock_jumps_total", Help: "Jumps of the clock.",
	}, func() float64 { return float64(state().Jumps) }))
}

// Missed adds the counter of a job's missed runs, and calls count at each scrape. Call it once for each scheduled job,
// before the first scrape.
func (m *Metrics) Missed(job string, count func() uint64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "sigil_scheduler_missed_total", Help: "Scheduled runs skipped because the previous one was still running.",
		ConstLabels: prometheus.Labels{"job": job},
	}, func() float64 { return float64(count()) }))
}

// Did implements [engine.Observer]. A failure is counted by its code instead of by its verb; its duration counts either
// way.
func (m *Metrics) Did(verb string, n int, took time.Duration, err error) {
	var done prometheus.Counter
	switch verb {
	case "encode":
		done = m.encodes
		m.encodeDuration.Observe(took.Seconds())
	case "recall":
		done = m.recalls
		m.recallDuration.Observe(took.Seconds())
	default:
		done = m.operations.WithLabelValues(verb)
		m.operationDuration.WithLabelValues(verb).Observe(took.Seconds())
	}
	if err != nil {
		m.failed(err)
		return
	}
	done.Add(float64(n))
}

// Refused implements [engine.Observer].
func (m *Metrics) Refused(err error) { m.failed(err) }

// Duplicate implements [engine.Observer].
func (m *Metrics) Duplicate(did sigil.OnDuplicate) { m.duplicates.WithLabelValues(string(did)).Inc() }

// Released implements [engine.Observer].
func (m *Metrics) Released(reason string, n int) { m.released.WithLabelValues(reason).Add(float64(n)) }

// Swept implements [engine.Observer].
func (m *Metrics) Swept(sweep engine.Sweep, err error) {
	m.sweeps.WithLabelValues(string(sweep.Job)).Inc()
	m.sweepDuration.WithLabelValues(string(sweep.Job)).Observe(sweep.Took.Seconds())
	m.notices.Add(float64(sweep.Noticed))
	if err != nil {
		m.failed(err)
	}
}

func (m *Metrics) failed(err error) {
	code := "internal"
	var known *sigil.Error
	switch {
	case errors.As(err, &known):
		code = known.Code
	case errors.Is(err, context.Canceled):
		code = "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		code = "deadline_exceeded"
	}
	m.failures.WithLabelValues(code).Inc()
}

// Commit records one commit of the store, with batch changes.
func (m *Metrics) Commit(batch int, took time.Duration) {
	m.commitBatch.Observe(float64(batch))
	m.commitDuration.Observe(took.Seconds())
}

// Subscribers records a change in the number of subscribers of the journal.
func (m *Metrics) Subscribers(change int) { m.subscribers.Add(float64(change)) }

// Lagged records that a subscriber fell behind.
func (m *Metrics) Lagged() { m.lagged.Inc() }

// Lagging records a change in the number of subscribers that fell behind and have not caught up.
func (m *Metrics) Lagging(change int) { m.lagging.Add(float64(change)) }

// Called records a call of an assistant's tool.
func (m *Metrics) Called(tool string, failed bool, took time.Duration) {
	outcome := "ok"
	if failed {
		outcome = "error"
	}
	m.toolCalls.WithLabelValues(tool, outcome).Observe(took.Seconds())
}

// LastBackup sets when the newest backup was begun.
func (m *Metrics) LastBackup(at time.Time) { m.lastBackup.Set(float64(at.UnixMilli()) / 1000) }

// BackedUp records a backup that was begun at a time.
func (m *Metrics) BackedUp(at time.Time, took time.Duration) {
	m.LastBackup(at)
	m.backupDuration.Observe(took.Seconds())
}

// BackupFailed records that a backup could not be made.
func (m *Metrics) BackupFailed() { m.backupsFailed.Inc() }

// Delivered records that the receiver of the webhook accepted events.
func (m *Metrics) Delivered(events int) { m.webhookDelivered.Add(float64(events)) }

// Embedded records a request for vectors to the endpoint.
func (m *Metrics) Embedded(took time.Duration, failed bool) {
	m.embedded.Observe(took.Seconds())
	if failed {
		m.embedderFailed.Inc()
	}
}

// Unembedded records that the endpoint refuses a memory's text.
func (m *Metrics) Unembedded() { m.embedderSkip.Inc() }

// Embedder adds the gauge of memories that wait for the endpoint, and calls queued at each scrape. Call it once, before the
// first scrape.
func (m *Metrics) Embedder(queued func() int) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "sigil_embedder_queue", Help: "New memories that wait for a vector of the endpoint.",
	}, func() float64 { return float64(queued()) }))
}

// Webhook adds the gauge of how far the webhook is behind, and calls lag at each scrape. Call it once, before the first
// scrape.
func (m *Metrics) Webhook(lag func() time.Duration) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "sigil_webhook_lag_seconds", Help: "Age of the oldest journal entry that the webhook's receiver has not accepted; 0 if there is none, or if another daemon delivers.",
	}, func() float64 { return lag().Seconds() }))
}

// Verdict records a verdict over a signature of code.
func (m *Metrics) Verdict(verdict string) { m.verdicts.WithLabelValues(verdict).Inc() }

// Undelivered records that an attempt to deliver to the webhook failed.
func (m *Metrics) Undelivered() { m.webhookFailed.Inc() }

// Request records one HTTP request. route is a pattern, such as "GET /v1/sigils/{id}", never a path.
func (m *Metrics) Request(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
}
