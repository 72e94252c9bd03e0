package daemon_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/wire"
)

const embedderKey = "the-key-of-the-endpoint"

// model is an endpoint that knows what some words are about.
type model struct {
	t     *testing.T
	down  atomic.Bool
	asked atomic.Int64 // texts
}

func (m *model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if m.down.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	var body struct {
		Model string
		Input []string
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.URL.Path != "/v1/embeddings" || r.Header.Get("Authorization") != "Bearer "+embedderKey {
		m.t.Errorf("got %s with %v: %v", r.URL, r.Header, err)
	}
	m.asked.Add(int64(len(body.Input)))
	var data []string
	for i, text := range body.Input {
		v := []float32{0.1, 0.1, 0.1}
		for word, about := range map[string]int{"doctor": 0, "physician": 0, "train": 1, "railway": 1} {
			if strings.Contains(text, word) {
				v[about] = 1
			}
		}
		data = append(data, fmt.Sprintf(`{"index":%d,"embedding":[%g,%g,%g]}`, i, v[0], v[1], v[2]))
	}
	_, _ = fmt.Fprintf(w, `{"object":"list","data":[%s]}`, strings.Join(data, ","))
}

// until waits until all memories have vectors.
func (m *model) until(d *daemon.Daemon, state string) (e wire.Embeddings) {
	m.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		status, answer := ask(m.t, d, "GET", "/v1/embeddings", "")
		if err := json.Unmarshal([]byte(answer), &e); err != nil || status != http.StatusOK {
			m.t.Fatal(status, answer)
		}
		if e.Meaning == state {
			return e
		}
		if time.Now().After(deadline) {
			m.t.Fatalf("waited for %s: %+v", state, e)
		}
		time.Sleep(10 * time.Millisecond) // polls, since a real process is outside
	}
}

// search returns the page of a query.
func (m *model) search(d *daemon.Daemon, query string) (page wire.SearchPage) {
	m.t.Helper()
	status, answer := ask(m.t, d, "POST", "/v1/sigils:search", fmt.Sprintf(`{"query":%q}`, query))
	if err := json.Unmarshal([]byte(answer), &page); err != nil || status != http.StatusOK {
		m.t.Fatal(status, answer)
	}
	return page
}

// TestEmbedder has an endpoint make vectors, be down, and come back; opens the store again, and with another model.
func TestEmbedder(t *testing.T) {
	m := &model{t: t}
	endpoint := httptest.NewServer(m)
	defer endpoint.Close()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(embedderKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	log := newLogs()
	dir := t.TempDir()
	run := func(name string) *daemon.Daemon {
		t.Helper()
		l := config(t, "--data="+dir, "--embedder="+endpoint.URL, "--embedder-model="+name, "--embedder-key-file="+file)
		d := daemon.New(l.Config, &daemon.Options{Version: "test", Logger: slog.New(slog.NewTextHandler(log, nil))})
		if err := d.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		return d
	}
	encode := func(d *daemon.Daemon, text string) {
		t.Helper()
		if status, answer := ask(t, d, "POST", "/v1/sigils", fmt.Sprintf(`{"data":%q}`, text)); status != http.StatusCreated {
			t.Fatal(status, answer)
		}
	}
	d := run("first")
	encode(d, "my doctor called")
	encode(d, "the train was late")
	if e := m.until(d, "ready"); e.Model != "endpoint/3/first" || e.Memories != 2 || e.Vectors != 2 {
		t.Errorf("coverage %+v", e)
	}
	page := m.search(d, "physician")
	if len(page.Hits) != 1 || !strings.Contains(string(page.Hits[0].Memory.Data), "doctor") || page.Meaning != "ready" || page.Model != "endpoint/3/first" {
		t.Errorf("a physician is found by %+v", page)
	}
	m.down.Store(true)
	encode(d, "a railway ticket")
	m.until(d, "building")
	if page := m.search(d, "railway"); len(page.Hits) != 1 || page.Meaning != "building" || page.Model != "" {
		t.Errorf("without the endpoint, words find %+v", page)
	}
	stop(t, d)
	m.down.Store(false)
	before := m.asked.Load()
	d = run("first")
	if e := m.until(d, "ready"); e.Memories != 3 {
		t.Errorf("after a restart: %+v", e)
	}
	if n := m.asked.Load() - before; n != 2 { // the probe, and what was missing
		t.Errorf("after a restart, %d texts were sent", n)
	}
	if page := m.search(d, "train"); len(page.Hits) != 2 {
		t.Errorf("a train is found by %+v", page)
	}
	for path, want := range map[string]bool{"stop": true, "resume": false} {
		status, answer := ask(t, d, "POST", "/v1/embeddings:"+path, "")
		if want := fmt.Sprintf(`"stopped":%t`, want); status != http.StatusOK || !strings.Contains(answer, want) {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
	before = m.asked.Load()
	if status, answer := ask(t, d, "POST", "/v1/embeddings:rebuild", ""); status != http.StatusOK {
		t.Errorf("%d %s", status, answer)
	}
	m.until(d, "ready")
	if n := m.asked.Load() - before; n != 3 {
		t.Errorf("%d texts were sent again", n)
	}
	if _, metrics := ask(t, d, "GET", "/metrics", ""); !strings.Contains(metrics, "sigil_embedder_queue 0") || !strings.Contains(metrics, "sigil_embedder_request_duration_seconds_count") {
		t.Error("metrics of the endpoint are missing")
	}
	stop(t, d)
	d = run("second")
	if e := m.until(d, "ready"); e.Model != "endpoint/3/second" || e.Vectors != 3 {
		t.Errorf("by another model: %+v", e)
	}
	stop(t, d)
	if strings.Contains(log.String(), embedderKey) || strings.Contains(log.String(), "railway") {
		t.Errorf("the log has %s", log)
	}
}

// TestNoEmbedder shows what a daemon with built-in vectors says of them.
func TestNoEmbedder(t *testing.T) {
	d := start(t, config(t), &daemon.Options{Version: "test"})
	if status, answer := ask(t, d, "GET", "/v1/embeddings", ""); status != http.StatusOK || !strings.Contains(answer, `"meaning":"ready"`) {
		t.Errorf("%d %s", status, answer)
	}
	if status, answer := ask(t, d, "POST", "/v1/embeddings:stop", ""); status != http.StatusOK || !strings.Contains(answer, `"stopped":false`) {
		t.Errorf("%d %s", status, answer)
	}
	d = start(t, config(t, "--meaning=off"), &daemon.Options{Version: "test"})
	if status, answer := ask(t, d, "POST", "/v1/embeddings:rebuild", ""); status != http.StatusConflict || !strings.Contains(answer, "meaning_off") {
		t.Errorf("%d %s", status, answer)
	}
}
