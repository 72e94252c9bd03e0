package daemon_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/sigil-dna/sigil/internal/daemon"
)

// serve runs Serve as far as it goes without serving.
func serve(t *testing.T, args, environ []string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = daemon.Serve(t.Context(), args, &out, &err, environ, "test")
	return code, out.String(), err.String()
}

// settingsFile writes a file for --config.
func settingsFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "sigil.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

var home = []string{"HOME=/home/somebody"}

func TestPrecedence(t *testing.T) {
	file := settingsFile(t, "max-memories: 30\n")
	tests := []struct {
		name string
		args []string
		env  []string
		want int
		from string
	}{
		{"default", nil, nil, 0, "default"},
		{"file", []string{"--config", file}, nil, 30, file},
		{"file named by a variable", nil, []string{"SIGIL_CONFIG=" + file}, 30, file},
		{"variable", nil, []string{"SIGIL_MAX_MEMORIES=20"}, 20, "SIGIL_MAX_MEMORIES"},
		{"variable over file", []string{"--config", file}, []string{"SIGIL_MAX_MEMORIES=20"}, 20, "SIGIL_MAX_MEMORIES"},
		{"flag over variable", []string{"--max-memories=10"}, []string{"SIGIL_MAX_MEMORIES=20"}, 10, "--max-memories"},
		{"flag over file", []string{"--config=" + file, "--max-memories", "10"}, nil, 10, "--max-memories"},
		{"flag over both", []string{"--config=" + file, "--max-memories", "10"}, []string{"SIGIL_MAX_MEMORIES=20"}, 10, "--max-memories"},
		{"flag as great as the default", []string{"--config=" + file, "--max-memories", "0"}, nil, 0, "--max-memories"},
		{"empty variable is none", []string{"--config=" + file}, []string{"SIGIL_MAX_MEMORIES="}, 30, file},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := daemon.Load(tt.args, append(tt.env, home...))
			if err != nil {
				t.Fatal(err)
			}
			if l.MaxMemories != tt.want {
				t.Errorf("max-memories is %d, want %d", l.MaxMemories, tt.want)
			}
			_, printed, _ := serve(t, append(tt.args, "--print-config"), append(tt.env, home...))
			if line := lineOf(printed, "max-memories:"); !strings.HasSuffix(line, "# "+tt.from) {
				t.Errorf("printed %q, want it to be from %s", line, tt.from)
			}
		})
	}
}

func lineOf(text, start string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, start) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// The output of --print-config is itself a file that results in the same settings.
func TestPrintedConfigReadsBack(t *testing.T) {
	args := []string{
		"--policy", "halflife", "--half-life", "36h", "--max-bytes", "10GiB", "--threshold", "0.5", "--addr", "[::1]:0",
		"--crystallize-schedule", "off", "--addr-file", "# not: a comment", "--data", "/tmp/with space", "--log-level", "warn", "--insecure",
	}
	code, printed, stderr := serve(t, append(args, "--print-config"), home)
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	want, err := daemon.Load(args, home)
	if err != nil {
		t.Fatal(err)
	}
	got, err := daemon.Load([]string{"--config", settingsFile(t, printed)}, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	if got.Config != want.Config {
		t.Errorf("read back %+v\nwant %+v\nprinted:\n%s", got.Config, want.Config, printed)
	}
}

func TestEverySettingIsPrinted(t *testing.T) {
	_, printed, _ := serve(t, []string{"--print-config"}, home)
	_, help, _ := serve(t, []string{"--help"}, home)
	for line := range strings.Lines(help) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "--")
		if !ok {
			continue
		}
		name = strings.Fields(name)[0]
		if name == "config" || name == "print-config" {
			continue // of one run, not of the daemon
		}
		if lineOf(printed, name+":") == "" {
			t.Errorf("%s is not printed:\n%s", name, printed)
		}
	}
	for _, want := range []string{
		"addr: 127.0.0.1:7433", "data: /home/somebody/.local/share/sigil", "policy: halflife", "decay-rate: 0.001", "decay-period: 5s",
		"half-life: 7d", "threshold: 0.95", "stability: 4d", "decay-exponent: 0.5", "retrievability: 0.6", "grace: 0s", "floor: 0", "active: 0s", "max-data: 1MiB", "drain-timeout: 30s", "insecure: false",
	} {
		if lineOf(printed, want+" ") == "" {
			t.Errorf("%q is not printed:\n%s", want, printed)
		}
	}
}

func TestDataFolder(t *testing.T) {
	for _, tt := range []struct {
		environ []string
		want    string
	}{
		{[]string{"HOME=/h"}, "/h/.local/share/sigil"},
		{[]string{"HOME=/h", "XDG_DATA_HOME=/x"}, "/x/sigil"},
		{[]string{"HOME=/h", "XDG_DATA_HOME=x"}, "/h/.local/share/sigil"},
		{[]string{"HOME=/h", "SIGIL_DATA=/d"}, "/d"},
	} {
		l, err := daemon.Load(nil, tt.environ)
		if err != nil || l.Data != tt.want {
			t.Errorf("%q: %q (%v), want %q", tt.environ, l.Data, err, tt.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name string
		args []string
		env  []string
		file string
		want []string // parts of the error
	}{
		{"unknown flag", []string{"--max-memory=1"}, nil, "", []string{"max-memory"}},
		{"argument", []string{"now"}, nil, "", []string{`"now"`}},
		{"flag that is no number", []string{"--decay-rate=fast"}, nil, "", []string{"--decay-rate", "fast"}},
		{"variable that is no number", nil, []string{"SIGIL_DECAY_RATE=fast"}, "", []string{"decay-rate", "SIGIL_DECAY_RATE", "fast"}},
		{"value of a file that is no number", nil, nil, "decay-rate: fast", []string{"decay-rate", "sigil.yaml", "fast"}},
		{"unknown key", nil, nil, "decay-rat: 1", []string{"decay-rat", "sigil.yaml", "unknown setting"}},
		{"run flag in a file", nil, nil, "print-config: true", []string{"print-config", "unknown setting"}},
		{"key twice", nil, nil, "policy: classic\npolicy: halflife", []string{"sigil.yaml", "already defined"}},
		{"key without a value", nil, nil, "policy:", []string{"policy", "must have one value"}},
		{"key with many values", nil, nil, "policy: [classic]", []string{"policy", "must have one value"}},
		{"second document", nil, nil, "policy: classic\n---\nlog-level: debug\n", []string{"sigil.yaml", "more than one document"}},
		{"no YAML", nil, nil, "policy: {", []string{"sigil.yaml"}},
		{"list for a file", nil, nil, "- policy", []string{"sigil.yaml"}},
		{"no such file", []string{"--config", "/nowhere/sigil.yaml"}, nil, "", []string{"config", "/nowhere/sigil.yaml"}},

		{"rate", []string{"--policy=classic", "--decay-rate=0"}, nil, "", []string{"decay-rate (from --decay-rate)", "over 0"}},
		{"rate not a number", []string{"--policy=classic", "--decay-rate=NaN"}, nil, "", []string{"decay-rate", "over 0"}},
		{"period", nil, []string{"SIGIL_POLICY=classic", "SIGIL_DECAY_PERIOD=-5s"}, "", []string{"decay-period (from SIGIL_DECAY_PERIOD)", "over 0"}},
		{"threshold", nil, nil, "threshold: 1.5", []string{"threshold (from ", "sigil.yaml", "at most 1"}},
		{"threshold of a half-life", []string{"--policy=halflife", "--threshold=1"}, nil, "", []string{"threshold (from --threshold)", "under 1"}},
		{"half-life", []string{"--policy=halflife", "--half-life=0s"}, nil, "", []string{"half-life (from --half-life)", "over 0"}},
		{"endless life", []string{"--policy=halflife", "--half-life=30000d"}, nil, "", []string{"policy (from --policy)", "100 years"}},
		{"duration", []string{"--half-life=week"}, nil, "", []string{"--half-life", "week", "7d"}},
		{"policy", []string{"--policy=forever"}, nil, "", []string{"policy (from --policy)", `"forever"`, "halflife or classic or power or fsrs"}},
		{"figure of the other policy", []string{"--half-life=7d"}, nil, "policy: classic", []string{"half-life (from --half-life)", "--policy halflife"}},
		{"figure of the other policy, classic", []string{"--decay-rate=1"}, nil, "", []string{"decay-rate (from --decay-rate)", "--policy classic"}},
		{"figure of halflife and classic", []string{"--threshold=0.5"}, []string{"SIGIL_POLICY=power"}, "", []string{"threshold (from --threshold)", "--policy halflife"}},
		{"figure of power and fsrs", nil, []string{"SIGIL_STABILITY=4d"}, "", []string{"stability (from SIGIL_STABILITY)", "--policy power"}},
		{"stability", []string{"--policy=power", "--stability=0s"}, nil, "", []string{"stability (from --stability)", "over 0"}},
		{"exponent", []string{"--policy=fsrs", "--decay-exponent=1.5"}, nil, "", []string{"decay-exponent (from --decay-exponent)", "at most 1"}},
		{"retrievability", nil, nil, "policy: fsrs\nretrievability: 1\n", []string{"retrievability (from ", "sigil.yaml", "under 1"}},
		{"life by the exponent of people", []string{"--policy=fsrs", "--decay-exponent=0.1542", "--retrievability=0.1"}, nil, "", []string{"policy (from --policy)", "100 years"}},
		{"grace", []string{"--grace=-1h"}, nil, "", []string{"grace (from --grace)", "0 to 100 years"}},
		{"active", []string{"--active=30s"}, nil, "", []string{"active (from --active)", "from 1m"}},
		{"floor", nil, []string{"SIGIL_FLOOR=1"}, "", []string{"floor (from SIGIL_FLOOR)", "under 1"}},
		{"store", []string{"--store=paper"}, nil, "", []string{"store (from --store)", `"paper"`}},
		{"schedule", []string{"--decay-schedule=often"}, nil, "", []string{"decay-schedule (from --decay-schedule)", "often"}},
		{"schedule that never fires", nil, nil, "crystallize-schedule: 0 0 0 30 2 *", []string{"crystallize-schedule (from ", "0 0 0 30 2 *"}},
		{"memories", []string{"--max-memories=-1"}, nil, "", []string{"max-memories (from --max-memories)", "at least 0"}},
		{"bytes", []string{"--max-bytes=-1GiB"}, nil, "", []string{"max-bytes (from --max-bytes)", "at least 0"}},
		{"bytes without sense", []string{"--max-bytes=much"}, nil, "", []string{"--max-bytes", "10GiB"}},
		{"bytes beyond 64 bits", []string{"--max-bytes=99999999TiB"}, nil, "", []string{"--max-bytes"}},
		{"subscribers", []string{"--max-subscribers=0"}, nil, "", []string{"max-subscribers (from --max-subscribers)", "at least 1"}},
		{"undo", []string{"--undo=-1h"}, nil, "", []string{"undo (from --undo)", "at least 0"}},
		{"undo bytes", nil, []string{"SIGIL_UNDO_BYTES=-1"}, "", []string{"undo-bytes (from SIGIL_UNDO_BYTES)", "at least 0"}},
		{"undo memories", nil, nil, "undo-memories: -1\n", []string{"undo-memories (from ", "at least 0"}},
		{"journal entries", []string{"--journal-entries=-1"}, nil, "", []string{"journal-entries (from --journal-entries)", "at least 0"}},
		{"journal age", []string{"--journal-age=-1h"}, nil, "", []string{"journal-age (from --journal-age)", "at least 0"}},
		{"clock", []string{"--clock-confirm=0s"}, nil, "", []string{"clock-confirm (from --clock-confirm)", "over 0"}},
		{"batch", []string{"--max-batch=0"}, nil, "", []string{"max-batch (from --max-batch)", "at least 1"}},
		{"webhook that is no URL", []string{"--webhook=here"}, nil, "", []string{"webhook (from --webhook)", "http://", "webhook-secret-file (from default): is needed"}},
		{"webhook with a password", []string{"--webhook=https://me:hushhush@example.org/"}, nil, "", []string{"webhook (from --webhook)", "must not have a user"}},
		{"webhook without a secret", nil, []string{"SIGIL_WEBHOOK=https://example.org/"}, "", []string{"webhook-secret-file (from default)", "is needed"}},
		{"webhook whose secret is not there", []string{"--webhook=https://example.org/", "--webhook-secret-file=/nowhere/secret"}, nil, "", []string{"webhook-secret-file (from --webhook-secret-file)", "/nowhere/secret"}},
		{"webhook of a tenant without sense", []string{"--webhook-tenant=no spaces"}, nil, "", []string{"webhook-tenant (from --webhook-tenant)"}},
		{"embedder that is no URL", []string{"--embedder=here"}, nil, "", []string{"embedder (from --embedder)", "http://", "embedder-model (from default): is needed"}},
		{"embedder with a password", []string{"--embedder=https://me:hushhush@example.org/", "--embedder-model=m"}, nil, "", []string{"embedder (from --embedder)", "must not have a user"}},
		{"embedder whose key is not there", []string{"--embedder=https://example.org/", "--embedder-model=m", "--embedder-key-file=/nowhere/key"}, nil, "", []string{"embedder-key-file (from --embedder-key-file)", "/nowhere/key"}},
		{"embedder without search", []string{"--embedder=https://example.org/", "--embedder-model=m", "--search=off"}, nil, "", []string{"embedder (from --embedder)", "needs --search on"}},
		{"log level", []string{"--log-level=loud"}, nil, "", []string{"log-level", "loud", "debug or info or warn or error"}},
		{"log format", []string{"--log-format=xml"}, nil, "", []string{"log-format", "text or json"}},
		{"drain timeout", []string{"--drain-timeout=0"}, nil, "", []string{"drain-timeout", "over 0"}},
		{"several at once", []string{"--max-page=0", "--threshold=2"}, []string{"SIGIL_LOG_LEVEL=loud"}, "", []string{"max-page", "threshold", "SIGIL_LOG_LEVEL"}},

		{"address of everybody", []string{"--addr=:7433"}, nil, "", []string{"addr (from --addr)", "authenticate", "--insecure"}},
		{"address of others", nil, []string{"SIGIL_ADDR=192.0.2.1:80"}, "", []string{"addr (from SIGIL_ADDR)", "192.0.2.1:80", "--insecure"}},
		{"unspecified address", nil, nil, "addr: 0.0.0.0:80", []string{"addr (from ", "--insecure"}},
		{"unspecified IPv6 address", []string{"--addr=[::]:80"}, nil, "", []string{"--insecure"}},
		{"name", []string{"--addr=example.org:80"}, nil, "", []string{"--insecure"}},
		{"no port", []string{"--addr=127.0.0.1"}, nil, "", []string{"addr (from --addr)", "host:port"}},
		{"port without sense", []string{"--addr=127.0.0.1:http"}, nil, "", []string{"addr (from --addr)", `"http"`}},
		{"port too great", []string{"--addr=127.0.0.1:65536"}, nil, "", []string{"addr (from --addr)", "65535"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := tt.args
			if tt.file != "" {
				args = append(args, "--config", settingsFile(t, tt.file))
			}
			if _, err := daemon.Load(args, append(tt.env, home...)); err == nil {
				t.Fatal("accepted: Serve would serve without end")
			}
			code, stdout, stderr := serve(t, args, append(tt.env, home...))
			if code != 2 || stdout != "" {
				t.Errorf("exit code %d, want 2; stdout %q", code, stdout)
			}
			for _, want := range tt.want {
				if !strings.Contains(stderr, want) {
					t.Errorf("the error does not say %q:\n%s", want, stderr)
				}
			}
		})
	}
}

func TestAccepted(t *testing.T) {
	for _, args := range [][]string{
		{"--addr=localhost:0"},
		{"--addr=127.9.9.9:0"},
		{"--addr=[::1]:0"},
		{"--addr=:0", "--insecure"},
		{"--decay-schedule=off", "--crystallize-schedule="},
		{"--decay-schedule=@every 90s"},
		{"--policy=halflife", "--half-life=1d12h30m"},
	} {
		if _, err := daemon.Load(args, home); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
	// A file may have the figures of several policies, and a flag may choose between them.
	file := settingsFile(t, "policy: halflife\nhalf-life: 7d\ndecay-rate: 0.01\ncrystallize-schedule: off\n")
	l, err := daemon.Load([]string{"--config", file, "--policy=classic"}, home)
	if err != nil {
		t.Fatal(err)
	}
	if l.HalfLife != 7*24*time.Hour || l.DecayRate != 0.01 || l.CrystallizeSchedule != "off" {
		t.Errorf("read %+v", l.Config)
	}
	for _, text := range []string{"", "# nothing\n", "---\n", "---\npolicy: classic\n...\n"} {
		if _, err := daemon.Load([]string{"--config", settingsFile(t, text)}, home); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestPolicies sets each policy by flags, by variables and in a file. How long an untouched memory lives under it is logged
// at a start.
func TestPolicies(t *testing.T) {
	for _, tt := range []struct{ settings, policy, lifetime string }{
		{"policy=halflife", "halflife h=7d threshold=0.95", "30d6h"},
		{"policy=halflife half-life=1d threshold=0.5", "halflife h=1d threshold=0.5", "1d"},
		{"policy=classic decay-rate=0.001 decay-period=5s", "classic rate=0.001 period=5s threshold=0.95", "95s"},
		{"policy=power stability=10d decay-exponent=1 retrievability=0.9", "power s=10d d=1 threshold=0.9", "10d"},
		{"policy=fsrs stability=2d", "fsrs s=2d d=0.5 threshold=0.6", "15d4h"},
		{"policy=fsrs grace=60d floor=0.1", "fsrs s=4d d=0.5 threshold=0.6 grace=60d floor=0.1", "60d"},
		{"active=3d", "halflife h=7d threshold=0.95 active=3d", "30d6h"},
		{"grace=40d", "halflife h=7d threshold=0.95 grace=40d", "40d"},
		{"policy=power floor=0.6", "power s=4d d=0.5 threshold=0.6 floor=0.6", "ever"},
	} {
		var flags, variables []string
		var file strings.Builder
		for _, setting := range strings.Fields(tt.settings) {
			name, value, _ := strings.Cut(setting, "=")
			flags = append(flags, "--"+setting)
			variables = append(variables, "SIGIL_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))+"="+value)
			file.WriteString(name + ": " + value + "\n")
		}
		for _, from := range []struct{ args, environ []string }{
			{flags, nil},
			{nil, variables},
			{[]string{"--config", settingsFile(t, file.String())}, nil},
		} {
			l, err := daemon.Load(from.args, append(from.environ, home...))
			if err != nil {
				t.Errorf("%q: %v", from, err)
				continue
			}
			p, err := daemon.PolicyOf(l)
			if err != nil || p.String() != tt.policy || daemon.Lifetime(p) != tt.lifetime {
				t.Errorf("%q: policy %v (%v), lifetime %s; want %s, %s", from, p, err, daemon.Lifetime(p), tt.policy, tt.lifetime)
			}
		}
	}
}

func TestNoHome(t *testing.T) {
	if _, err := daemon.Load(nil, nil); err == nil || !strings.Contains(err.Error(), "data (from default)") {
		t.Errorf("without a home: %v", err)
	}
}

func TestStrangeVariablesWarn(t *testing.T) {
	code, _, stderr := serve(t, []string{"--print-config"}, append(home, "SIGIL_PORT=tcp://10.0.0.1:80", "SIGILS=1", "SIGIL_DEKAY_RATE=1"))
	if code != 0 || !strings.Contains(stderr, "SIGIL_DEKAY_RATE") || !strings.Contains(stderr, "SIGIL_PORT") || strings.Contains(stderr, "SIGILS") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
}

func TestHelp(t *testing.T) {
	if _, err := daemon.Load([]string{"-h"}, home); !errors.Is(err, pflag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
	code, stdout, stderr := serve(t, []string{"--help"}, home)
	if code != 0 || stderr != "" || !strings.Contains(stdout, "Examples:") || !strings.Contains(stdout, "--half-life") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// TestSearchSettings passes pointers one by one and together, from every source.
func TestSearchSettings(t *testing.T) {
	for _, tt := range []struct {
		args, env []string
		file      string
	}{
		{args: []string{"--search-exclude=/a/b, /c~1d", "--search-exclude", "all"}, env: []string{"SIGIL_SEARCH_EXCLUDE=/e"}},
		{env: []string{"SIGIL_SEARCH_EXCLUDE=/a/b,/c~1d,all"}},
		{file: "search-exclude: /a/b, /c~1d, all\n"},
	} {
		args := append(tt.args, "--config="+settingsFile(t, tt.file), "--search-language=de")
		l, err := daemon.Load(args, append(tt.env, home...))
		if err != nil || l.SearchExclude != "/a/b,/c~1d,all" || l.SearchLanguage != "de" || l.Search != "on" {
			t.Errorf("%+v: %q, %v", tt, l.SearchExclude, err)
		}
	}
	for _, wrong := range []string{"--search=maybe", "--search-language=english", "--search-exclude=a", "--search-exclude=/a~2"} {
		setting, _, _ := strings.Cut(strings.TrimPrefix(wrong, "--"), "=")
		if _, err := daemon.Load([]string{wrong}, home); err == nil || !strings.Contains(err.Error(), setting) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

// TestAllowedHosts passes names one by one and together, from every source, and loads the printed settings
// again.
func TestAllowedHosts(t *testing.T) {
	for _, tt := range []struct {
		args, env []string
		file      string
	}{
		{args: []string{"--allowed-host=a.example, 10.0.0.1", "--allowed-host", "b.example"}, env: []string{"SIGIL_ALLOWED_HOST=c.example"}},
		{env: []string{"SIGIL_ALLOWED_HOST=a.example,10.0.0.1,b.example"}},
		{file: "allowed-host: a.example, 10.0.0.1, b.example\n"},
		{file: `allowed-host: "a.example,10.0.0.1,b.example"` + "\n"},
	} {
		args := append(tt.args, "--config="+settingsFile(t, tt.file))
		l, err := daemon.Load(args, append(tt.env, home...))
		if want := "a.example,10.0.0.1,b.example"; err != nil || l.AllowedHosts != want {
			t.Errorf("%+v: %q, %v", tt, l.AllowedHosts, err)
		}
	}
	for _, wrong := range []string{"http://a.example", "a.example:80", "a example", "*"} {
		if _, err := daemon.Load([]string{"--allowed-host=" + wrong}, home); err == nil || !strings.Contains(err.Error(), "allowed-host") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

// TestUsageNamesTheChoices checks that help, and the shell's completions that come from it, have the accepted
// values.
func TestUsageNamesTheChoices(t *testing.T) {
	for setting, words := range daemon.Choices {
		f := daemon.ServeFlags().Lookup(setting)
		if name, _ := pflag.UnquoteUsage(f); name != strings.Join(words, "|") {
			t.Errorf("--%s: the usage names %q, want %q", setting, name, words)
		}
	}
}
