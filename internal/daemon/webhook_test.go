package daemon_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/wire"
)

// hookSecret has the minimum length.
const hookSecret = "0123456789abcdef"

// hookArgs returns the settings of a webhook whose secret is text.
func hookArgs(t *testing.T, url, text string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--webhook=" + url, "--webhook-secret-file=" + file}
}

func TestWebhookSecret(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		ok         bool
	}{
		{"just long enough", hookSecret, true},
		{"with a newline", hookSecret + "\n", true},
		{"too short", hookSecret[1:], false},
		{"too short but for a newline", hookSecret[1:] + "\n", false},
		{"empty", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := serve(t, append(hookArgs(t, "https://example.org/", tt.text), "--print-config"), home)
			if ok := code == 0; ok != tt.ok {
				t.Errorf("exit code %d, stderr %q", code, stderr)
			}
			if !tt.ok && !strings.Contains(stderr, "webhook-secret-file (from --webhook-secret-file)") {
				t.Errorf("stderr %q", stderr)
			}
			if strings.Contains(stdout+stderr, hookSecret[1:]) {
				t.Errorf("the secret was shown: %s%s", stdout, stderr)
			}
		})
	}
}

// Events reach the receiver, including those of a daemon that was started again on the same store.
func TestWebhook(t *testing.T) {
	positions := make(chan uint64, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = client.VerifyWebhook([]byte(hookSecret), r.Header.Get("Sigil-Signature"), body, time.Now(), time.Minute)
		}
		var page wire.EventPage
		if err == nil {
			err = json.Unmarshal(body, &page)
		}
		if err != nil {
			t.Error(err)
		}
		for _, e := range page.Events {
			positions <- e.Position
		}
	}))
	defer receiver.Close()

	log := newLogs()
	l := config(t, hookArgs(t, receiver.URL, hookSecret+"\n")...)
	next := uint64(1)
	for range 3 {
		d := daemon.New(l.Config, &daemon.Options{Version: "test", Logger: slog.New(slog.NewTextHandler(log, nil))})
		if err := d.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			if status, answer := ask(t, d, "POST", "/v1/sigils", fmt.Sprintf(`{"data":{"n":%d}}`, i)); status != http.StatusCreated {
				t.Fatal(status, answer)
			}
		}
		for n := 0; n < 5; {
			switch got := wait(t, "an event", positions); {
			case got > next:
				t.Fatalf("got event %d, want %d", got, next)
			case got == next:
				next++
				n++
			default: // came again: the daemon was stopped before it heard that it was taken
			}
		}
		stop(t, d)
	}
	if strings.Contains(log.String(), hookSecret) {
		t.Error("the secret is in the log")
	}
}
