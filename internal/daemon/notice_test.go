package daemon_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/store/storetest"
)

// TestNotice sweeps before and after a restart, on each store: a deadline is noticed once.
func TestNotice(t *testing.T) {
	for name, args := range map[string]func(t *testing.T) []string{
		"pebble": func(t *testing.T) []string { return []string{"--data=" + t.TempDir()} },
		"postgres": func(t *testing.T) []string {
			return []string{"--store=" + pgtest.Start(t, pgtest.Fast).URL("postgres")}
		},
	} {
		t.Run(name, func(t *testing.T) {
			args := append(args(t), "--notice=24h", "--decay-schedule=off")
			for i := range 2 {
				d := start(t, config(t, args...), nil)
				if i == 0 {
					for _, ttl := range []string{"1h", "48h"} {
						if status, body := ask(t, d, "POST", "/v1/sigils", `{"data":1,"ttl":"`+ttl+`"}`); status != http.StatusCreated {
							t.Fatalf("encode: %d %s", status, body)
						}
					}
				}
				if status, body := ask(t, d, "POST", "/v1/sweeps/decay", ""); status != http.StatusOK {
					t.Errorf("sweep: %d %s", status, body)
				}
				_, events := ask(t, d, "GET", "/v1/events", "")
				if strings.Count(events, `"kind":"fading","reason":"ttl"`) != 1 || !strings.Contains(events, `"ttl":"1h"`) {
					t.Errorf("start %d: the journal has %s, want one notice", i, events)
				}
				if _, text := ask(t, d, "GET", "/metrics", ""); !strings.Contains(text, []string{"\nsigil_gc_notices_total 1\n", "\nsigil_gc_notices_total 0\n"}[i]) {
					t.Errorf("start %d: the metrics have another number of notices", i)
				}
				stop(t, d)
			}
		})
	}
}

func TestNoticeIsReloaded(t *testing.T) {
	r := run(t, t.Context(), storetest.NewModel(), "notice: 1h\n")
	r.log.await(t, "ready")
	r.rewrite(t, "notice: 24h\n")
	r.log.await(t, "read the settings again", "notice=1d")
	long := run(t, t.Context(), storetest.NewModel(), "notice: 24h\npolicy: classic\n")
	long.log.await(t, "level=WARN", "--notice is as long as an untouched memory lives (95s)")
}
