package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Check is the result of a check of a whole store.
type Check struct {
	Store              string         // the id of the store
	Problems, Repaired map[string]int // by the name of the check; all of them
	Memories, Entries  int
	Took               time.Duration
	At                 time.Time // when it was complete
}

// WriteCheck writes the metrics of a check to a file, in the text format that the textfile collector of Prometheus's node_exporter
// reads. The file is replaced at once.
func WriteCheck(path string, c Check) error {
	registry := prometheus.NewRegistry()
	store := prometheus.Labels{"store": c.Store}
	gauge := func(name, help string, value float64) {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: store})
		g.Set(value)
		registry.MustRegister(g)
	}
	byName := func(name, help string, values map[string]int) {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: store}, []string{"check"})
		for check, n := range values {
			g.WithLabelValues(check).Set(float64(n))
		}
		registry.MustRegister(g)
	}
	byName("sigil_check_problems", "Problems that the last check of the store found and that are still there, by check.", c.Problems)
	byName("sigil_check_repaired_records", "Records that the last check of the store repaired, by check.", c.Repaired)
	gauge("sigil_check_memories", "Memories that the last check of the store read.", float64(c.Memories))
	gauge("sigil_check_journal_entries", "Journal entries that the last check of the store read.", float64(c.Entries))
	gauge("sigil_check_duration_seconds", "Time that the last check of the store took.", c.Took.Seconds())
	gauge("sigil_check_last_complete_timestamp_seconds", "When the last check of the store was complete, whatever it found.", float64(c.At.UnixMilli())/1000)
	return prometheus.WriteToTextfile(path, registry)
}
