package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Reload signals only the folder's daemon: an unrelated process that got its number would be ended by the signal.
func TestReloadRefusesWhatIsNoDaemon(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, holder, want string }{
		{"nobody", "", "no daemon serves from"},
		{"damaged", "{", "holder.json"},
		{"another machine", `{"pid":1,"host":"elsewhere"}`, "runs on elsewhere"},
		{"a stranger", fmt.Sprintf(`{"pid":%d,"host":%q}`, os.Getpid(), host), "does not hold the folder"},
		{"no number", fmt.Sprintf(`{"pid":-1,"host":%q}`, host), "does not hold the folder"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home := t.TempDir()
			data := filepath.Join(home, ".local", "share", "sigil") // sigil serve's default data folder
			if err := os.MkdirAll(data, 0o700); err != nil {
				t.Fatal(err)
			}
			for name, text := range map[string]string{"sigil.lock": "", "holder.json": tt.holder} {
				if text == "" && name == "holder.json" {
					continue
				}
				if err := os.WriteFile(filepath.Join(data, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			c := &command{t: t, env: map[string]string{"HOME": home}}
			if code, out, words := c.in("", "reload"); code != 1 || out != "" || !strings.Contains(words, tt.want) {
				t.Errorf("exit code %d, %q, %q; want 1 and %q", code, out, words, tt.want)
			}
		})
	}
}
