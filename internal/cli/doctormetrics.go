package cli

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// checkMetrics reads the metrics, which the checks after it look at, and the daemon's limit of open files.
func (d *doctor) checkMetrics(ctx context.Context) {
	resp, err := d.get(ctx, "/metrics")
	switch {
	case err != nil:
		d.add("metrics", resultWarning, nextLog, "/metrics does not answer: %s", cause(err))
		return
	case denied(resp.status):
		d.add("metrics", resultUnknown, nextCredentials, "the daemon wants other credentials (%d)", resp.status)
		return
	}
	series := parseMetrics(string(resp.body))
	if _, ok := series["sigil_encode_total"]; resp.status != http.StatusOK || !ok {
		d.add("metrics", resultWarning, "let /metrics through, if there is a proxy: alerts need it", "/metrics does not answer with the daemon's metrics: status %d", resp.status)
		return
	}
	d.metrics = series
	d.add("metrics", resultOK, "", "/metrics answers, with %d series", len(series))
	if open, ok := series["process_open_fds"]; ok {
		d.addFiles(open, series["process_max_fds"])
	}
}

// minFiles is the limit of open files under which a daemon has noticeably fewer connections.
const minFiles = 4096

// addFiles judges how many files the daemon has open.
func (d *doctor) addFiles(open, most float64) {
	const next = "raise the limit of open files (LimitNOFILE of the unit, or ulimit -n), and start the daemon again"
	switch {
	case open > 0.8*most:
		d.add("limits", resultWarning, next+"; or find out who keeps connections open", "%.0f of %.0f files are open", open, most)
	case most < minFiles:
		d.add("limits", resultWarning, next, "%.0f of only %.0f files are open: the daemon takes fewer connections", open, most)
	default:
		d.add("limits", resultOK, "", "%.0f of %.0f files are open", open, most)
	}
}

// parseMetrics returns the values of all series in the text format of Prometheus, by the text that stands before the
// value. Lines that it does not understand are left out.
func parseMetrics(text string) map[string]float64 {
	series := map[string]float64{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		at := strings.LastIndexByte(line, ' ')
		if at < 0 || line[0] == '#' {
			continue
		}
		if v, err := strconv.ParseFloat(line[at+1:], 64); err == nil {
			series[strings.TrimSpace(line[:at])] = v
		}
	}
	return series
}

// The lag of a webhook from which it is worth a look, and from which its receiver counts as down.
const (
	webhookSlow = time.Minute
	webhookDown = 15 * time.Minute
)

func (d *doctor) checkWebhook() {
	lag, ok := d.metrics["sigil_webhook_lag_seconds"]
	if !ok { // no webhook is set, or the metrics are unknown
		return
	}
	const next = "look at the receiver, and at delivering in the daemon's log; nothing is lost while the journal goes back far enough"
	delivered := count(int(d.metrics["sigil_webhook_delivered_total"]), "entry", "entries")
	failed := count(int(d.metrics["sigil_webhook_failed_total"]), "attempt", "attempts")
	switch behind := seconds(lag); {
	case behind >= webhookDown:
		d.add("webhook", resultProblem, next, "%s behind; %s delivered and %s failed since the start", span(behind), delivered, failed)
	case behind >= webhookSlow:
		d.add("webhook", resultWarning, next, "%s behind; %s delivered and %s failed since the start", span(behind), delivered, failed)
	case behind > 0:
		d.add("webhook", resultOK, "", "%s behind; %s delivered and %s failed since the start", span(behind), delivered, failed)
	default:
		d.add("webhook", resultOK, "", "keeps up; %s delivered and %s failed since the start", delivered, failed)
	}
}

func (d *doctor) checkEmbedder() {
	queued, ok := d.metrics["sigil_embedder_queue"]
	if !ok { // no endpoint makes vectors, or the metrics are unknown
		return
	}
	requests, failed := d.metrics["sigil_embedder_request_duration_seconds_count"], d.metrics["sigil_embedder_failed_total"]
	refused, queue := d.metrics["sigil_embedder_refused_total"], count(int(queued), "memory", "memories")
	switch {
	case failed > requests/2:
		d.add("embedder", resultWarning, "ask the endpoint yourself (curl), and see the daemon's log; new memories are found by words until it answers",
			"%.0f of %.0f requests to the endpoint failed since the start; %s in the queue", failed, requests, queue)
	case refused > 0:
		d.add("embedder", resultWarning, "their texts may be too long for the model; they are found by words", "the endpoint refused the texts of %s; %s in the queue", count(int(refused), "memory", "memories"), queue)
	default:
		d.add("embedder", resultOK, "", "%.0f of %.0f requests to the endpoint failed since the start; %s in the queue", failed, requests, queue)
	}
}

// checkErrors looks for operations that failed through no fault of their callers.
func (d *doctor) checkErrors() {
	if d.metrics == nil {
		return
	}
	internal, full := d.metrics[`sigil_error_total{code="internal"}`], d.metrics[`sigil_error_total{code="disk_full"}`]
	switch {
	case full > 0:
		d.add("errors", resultWarning, "free some space, if the disk is still full: encodes go on by themselves", "%s found the disk full since the start", count(int(full), "operation", "operations"))
	case internal > 0:
		d.add("errors", resultWarning, nextLog, "%s failed with an internal error since the start", count(int(internal), "operation", "operations"))
	default:
		d.add("errors", resultOK, "", "no internal errors since the start")
	}
}
