package metrics_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/metrics"
)

// contrib is where the files for Prometheus and Grafana are.
const contrib = "../../contrib/"

type alert struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	Annotations map[string]string `yaml:"annotations"`
}

func readAlerts(t *testing.T) (all []alert) {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []alert `yaml:"rules"`
		} `yaml:"groups"`
	}
	text, err := os.ReadFile(contrib + "prometheus/alerts.yml")
	if err == nil {
		err = yaml.Unmarshal(text, &file)
	}
	if err != nil || len(file.Groups) != 1 || len(file.Groups[0].Rules) < 10 {
		t.Fatalf("%v: %v", err, file)
	}
	return file.Groups[0].Rules
}

// readDashboard returns the queries of the dashboard as Prometheus gets them.
func readDashboard(t *testing.T) (queries []string) {
	t.Helper()
	var file struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	text, err := os.ReadFile(contrib + "grafana/sigil.json")
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range file.Panels {
		for _, target := range p.Targets {
			queries = append(queries, strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*").Replace(target.Expr))
		}
	}
	if len(queries) < 30 {
		t.Fatalf("%d queries", len(queries))
	}
	return queries
}

// everything returns a scrape of a daemon that has every part.
func everything(t *testing.T) string {
	t.Helper()
	m := metrics.New("v1")
	m.Held(func() (int, int) { return 0, 0 })
	m.Disk(func() int64 { return 0 })
	m.Clock(func() engine.ClockState { return engine.ClockState{} })
	m.Missed(string(sigil.DecayJob), func() uint64 { return 0 })
	m.Embedder(func() int { return 0 })
	m.Webhook(func() time.Duration { return 0 })
	m.Request("GET /v1/stats", 200, time.Millisecond)
	return scrape(t, m) + checkedFile(t)
}

// checkedFile returns what a check of a store writes for node_exporter.
func checkedFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "check.prom")
	if err := metrics.WriteCheck(path, metrics.Check{
		Store: "s", Problems: map[string]int{"content": 1}, Repaired: map[string]int{"words": 2}, Took: time.Second, At: time.Now(),
	}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	selector = regexp.MustCompile(`\b((?:sigil|http|process|go)_[a-z_]+)(\{[^}]*\})?`)
	matcher  = regexp.MustCompile(`([a-z_]+)=~?"([^"]*)"`)
)

// TestAlertsAndDashboardNameMetrics checks that each metric, label and error code in the alerts and in the dashboard is one of the daemon's,
// so that a metric with another name fails here and not in silence.
func TestAlertsAndDashboardNameMetrics(t *testing.T) {
	text := everything(t)
	queries := readDashboard(t)
	for _, a := range readAlerts(t) {
		queries = append(queries, a.Expr)
	}
	for _, q := range queries {
		for _, found := range selector.FindAllStringSubmatch(q, -1) {
			name := found[1]
			series := regexp.MustCompile(`(?m)^`+name+`(\{.*\})? `).FindAllString(text, -1)
			if len(series) == 0 {
				t.Errorf("%s: the daemon has no %s", q, name)
			}
			for _, label := range matcher.FindAllStringSubmatch(found[2], -1) {
				if label[1] == "job" || label[1] == "instance" { // Prometheus has them
					continue
				}
				for value := range strings.SplitSeq(label[2], "|") {
					want := label[1] + `="` + value + `"`
					if !slices.ContainsFunc(series, func(s string) bool { return strings.Contains(s, want) }) {
						t.Errorf("%s: the daemon has no %s with %s", q, name, want)
					}
				}
			}
		}
	}
}

// TestDashboardShowsEverything checks that every metric of ours has a panel.
func TestDashboardShowsEverything(t *testing.T) {
	shown := strings.Join(readDashboard(t), "\n")
	for _, found := range regexp.MustCompile(`(?m)^# TYPE ((?:sigil|http)_[a-z_]+) `).FindAllStringSubmatch(everything(t), -1) {
		if !strings.Contains(shown, found[1]) && found[1] != "sigil_code_verdict_total" {
			t.Errorf("no panel has %s", found[1])
		}
	}
}

// TestPromtoolAcceptsRules checks the alerts, runs their unit tests, and checks the dashboard's queries as if they were rules.
func TestPromtoolAcceptsRules(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatal("promtool is missing: `make deps` installs it (Debian package prometheus)")
	}
	var rules strings.Builder
	rules.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	for i, q := range readDashboard(t) {
		fmt.Fprintf(&rules, "      - {record: 'panel_%d', expr: '%s'}\n", i, q)
	}
	dashboard := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(dashboard, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"check", "rules", contrib + "prometheus/alerts.yml"},
		{"test", "rules", contrib + "prometheus/alerts_test.yml"},
		{"check", "rules", dashboard},
	} {
		if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}

// TestEveryAlertIsExplainedAndTested checks that each alert has its section in the runbook, and unit tests in which it fires and in which
// it does not.
func TestEveryAlertIsExplainedAndTested(t *testing.T) {
	runbook, err := os.ReadFile("../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Tests []struct {
			Rules []struct {
				Alert  string `yaml:"alertname"`
				Alerts []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		} `yaml:"tests"`
	}
	text, err := os.ReadFile(contrib + "prometheus/alerts_test.yml")
	if err == nil {
		err = yaml.Unmarshal(text, &file)
	}
	if err != nil {
		t.Fatal(err)
	}
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, test := range file.Tests {
		for _, r := range test.Rules {
			if len(r.Alerts) > 0 {
				fires[r.Alert] = true
			} else {
				silent[r.Alert] = true
			}
		}
	}
	sections := strings.Count(string(runbook), "\n## Sigil")
	alerts := readAlerts(t)
	for _, a := range alerts {
		if !fires[a.Alert] || !silent[a.Alert] {
			t.Errorf("%s: tested to fire: %v, not to fire: %v", a.Alert, fires[a.Alert], silent[a.Alert])
		}
		if !strings.Contains(string(runbook), "\n## "+a.Alert+"\n") {
			t.Errorf("%s: docs/runbook.md has no section", a.Alert)
		}
		if want := "docs/runbook.md#" + strings.ToLower(a.Alert); a.Annotations["runbook"] != want || a.Annotations["summary"] == "" {
			t.Errorf("%s: annotations %v, want the runbook %s", a.Alert, a.Annotations, want)
		}
	}
	if sections != len(alerts) {
		t.Errorf("the runbook explains %d alerts of %d", sections, len(alerts))
	}
}
