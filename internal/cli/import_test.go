package cli_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sigil-dna/sigil/internal/httpapi"
)

// kept returns how many memories hold each value.
func (c *command) kept() map[string]int {
	c.t.Helper()
	_, out, _ := c.in("", "list", "--all", "--json")
	kept := map[string]int{}
	for line := range strings.Lines(out) {
		var v struct{ Data json.RawMessage }
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			c.t.Fatal(err)
		}
		kept[string(v.Data)]++
	}
	return kept
}

// text returns the value that is n bytes long and begins with name.
func text(name string, n int) string {
	return `"` + name + strings.Repeat("x", n-len(name)-2) + `"`
}

// TestImportAgain: with a key, an input that failed in part is corrected and imported again. What was kept is neither
// kept twice nor refused, and what was refused is kept.
func TestImportAgain(t *testing.T) {
	numbers := func(from, to int) (lines []string) {
		for i := from; i <= to; i++ {
			lines = append(lines, fmt.Sprint(i))
		}
		return lines
	}
	backward := func(lines []string) []string {
		slices.Reverse(lines)
		return lines
	}
	for _, tt := range []struct {
		name          string
		first, second []string
		failed        int // of the first
	}{
		{"a line that is no JSON", []string{"1", "{", "3"}, []string{"1", "2", "3"}, 1},
		{"a line that is too long for anybody", []string{"1", text("a", 17<<20), "3"}, []string{"1", "2", "3"}, 1},
		{"a line that is too long for the daemon", []string{"1", text("a", 1<<20+1), "3"}, []string{"1", "2", "3"}, 1},
		{"a line that the daemon refuses", []string{"1", `{"a":1,"a":2}`, "3"}, []string{"1", `{"a":1}`, "3"}, 1},
		{"the first line", []string{"oops", "2", "3"}, []string{"1", "2", "3"}, 1},
		{"the last line", []string{"1", "2", "oops"}, []string{"1", "2", "3"}, 1},
		{"a line is taken out", []string{"1", "oops", "3", "4"}, []string{"1", "3", "4"}, 1},
		{"a line becomes two", []string{"1", "2 3", "4", "5"}, numbers(1, 5), 1},
		{"blank lines come", []string{"1", "oops", "3"}, []string{"", "1", "", "2", "", "3", ""}, 1},
		{"white space changes", []string{`{"a": 1}`, "oops", `[1, 2]`}, []string{`{"a":1}`, "2", "[ 1,2 ]"}, 1},
		{"members change places", []string{`{"a":{"b":1.0,"c":2}}`, "oops", `"\u0041/"`}, []string{`{"a":{"c":2,"b":1.0}}`, "2", `"A\/"`}, 1},
		{"digits change", []string{`[1.0]`, "2"}, []string{`[1.0]`, `[1.00]`, "2"}, 0},
		{"the order changes", numbers(1, 9), backward(numbers(1, 9)), 0},
		{"equal lines stay as many", []string{"7", "oops", "7", "7"}, []string{"7", "8", "7", "7"}, 1},
		{"one of equal lines comes later", []string{"7", "oops", "7"}, []string{"7", "7", "7"}, 1},
		{"a line in the second batch", slices.Concat(numbers(1, 1005), []string{"oops"}, numbers(1006, 1010)), slices.Concat(numbers(1, 1005), []string{"-1"}, numbers(1006, 1010)), 1},
		{"a line in the first of many", slices.Concat(numbers(1, 10), []string{"oops"}, numbers(11, 2010)), slices.Concat(numbers(1, 10), []string{"-1"}, numbers(11, 2010)), 1},
		{"batches that bytes part", []string{text("a", 600<<10), "oops", text("b", 600<<10), text("c", 600<<10)}, []string{text("a", 600<<10), text("d", 500<<10), text("b", 600<<10), text("c", 600<<10)}, 1},
		{"the rest of a long input", numbers(1, 1010), numbers(1, 2010), 0},
	} {
		for _, verb := range []string{"import", "encode"} {
			t.Run(tt.name+"/"+verb, func(t *testing.T) {
				c := newCommand(t, nil, nil)
				code, _, words := c.in(strings.Join(tt.first, "\n"), verb, "--idempotency-key", "k")
				if want := min(tt.failed, 1) * 5; code != want || !strings.Contains(words, fmt.Sprintf(", failed %d in ", tt.failed)) {
					t.Errorf("the first: %d, %s", code, words)
				}
				want := map[string]int{}
				n := 0
				for i, line := range tt.second {
					if strings.HasPrefix(tt.name, "members") {
						line = tt.first[i] // is kept as it came first
						line = strings.Replace(line, "oops", "2", 1)
					}
					if line = strings.ReplaceAll(line, " ", ""); line != "" {
						want[line]++
						n++
					}
				}
				for range 2 {
					code, _, words = c.in(strings.Join(tt.second, "\n"), verb, "--idempotency-key", "k")
					if code != 0 || !strings.HasPrefix(words, fmt.Sprintf("encoded %d, failed 0 in ", n)) {
						t.Errorf("the second: %d, %s", code, words)
					}
				}
				if got := c.kept(); !maps.Equal(got, want) {
					t.Errorf("%d values are kept, want %d", len(got), len(want))
					for value, n := range want {
						if got[value] != n {
							t.Fatalf("%.20s is kept %d times, want %d", value, got[value], n)
						}
					}
				}
			})
		}
	}
}

// TestImportAgainOtherwise: the flags are part of what a key identifies.
func TestImportAgainOtherwise(t *testing.T) {
	c := newCommand(t, nil, nil)
	c.in("1\n2\n", "import", "--idempotency-key", "k")
	code, _, words := c.in("1\n2\n", "import", "--idempotency-key", "k", "--tag", "t")
	if code != 5 || strings.Count(words, "this key was used before with another request") != 2 {
		t.Errorf("%d, %s", code, words)
	}
	if code, _, words = c.in("1\n2\n", "import", "--idempotency-key", "other"); code != 0 {
		t.Errorf("another key: %d, %s", code, words)
	}
	if got := c.kept(); got["1"] != 2 || got["2"] != 2 {
		t.Errorf("%v", got)
	}
}

// TestImportAgainElsewhere: a daemon with smaller limits gets the same lines under the same keys.
func TestImportAgainElsewhere(t *testing.T) {
	var small atomic.Bool
	little := httpapi.Options{MaxBatchBody: 4 << 10}
	c := newCommand(t, nil, func(whole http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if small.Load() && r.ContentLength > little.MaxBatchBody {
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(http.StatusRequestEntityTooLarge)
				fmt.Fprint(w, `{"status":413,"code":"body_too_large"}`)
				return
			}
			whole.ServeHTTP(w, r)
		})
	})
	var in strings.Builder
	for i := range 1500 {
		fmt.Fprintln(&in, i)
	}
	for _, now := range []bool{false, true, false} {
		small.Store(now)
		if code, _, words := c.in(in.String(), "import", "--idempotency-key", "k"); code != 0 {
			t.Errorf("%d, %s", code, words)
		}
	}
	if got := c.kept(); len(got) != 1500 || got["7"] != 1 {
		t.Errorf("%d values are kept, 7 %d times", len(got), got["7"])
	}
}

// TestImportStopped: an import that was cut short by the daemon's end is repeated, even while lines of the first one
// are still being kept.
func TestImportStopped(t *testing.T) {
	var requests atomic.Int32
	c := newCommand(t, nil, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n := requests.Add(1)
			if n == 2 { // it is kept, but the answer is lost
				h.ServeHTTP(&deaf{header: http.Header{}}, r)
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			h.ServeHTTP(w, r)
		})
	})
	var in strings.Builder
	for i := range 2500 {
		fmt.Fprintln(&in, i)
	}
	if code, _, words := c.in(in.String(), "import", "--idempotency-key", "k"); code != 1 || !strings.Contains(words, "stopped at line ") {
		t.Errorf("%d, %s", code, words)
	}
	code, _, words := c.in(in.String(), "import", "--idempotency-key", "k")
	if code != 0 || !strings.HasPrefix(words, "encoded 2500, failed 0 in ") {
		t.Errorf("%d, %s", code, words)
	}
	if got := c.kept(); len(got) != 2500 || slices.Max(slices.Collect(maps.Values(got))) != 1 {
		t.Errorf("%d values are kept", len(got))
	}
}

// TestImportBesideItself: an import waits for a line that another import with the same key is keeping.
func TestImportBesideItself(t *testing.T) {
	var requests atomic.Int32
	c := newCommand(t, nil, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && requests.Add(1) == 1 {
				w.Header().Set("Content-Type", "application/x-ndjson")
				fmt.Fprint(w, `{"status":201,"id":"01890a5d-ac96-774b-bcce-b302099a8057"}`+"\n"+`{"status":409,"problem":{"status":409,"code":"idempotency_in_flight"}}`+"\n")
				return
			}
			h.ServeHTTP(w, r)
		})
	})
	code, _, words := c.in("1\n2\n", "import", "--idempotency-key", "k")
	if code != 0 || !strings.HasPrefix(words, "encoded 2, failed 0 in ") || requests.Load() != 2 {
		t.Errorf("%d, %s, after %d requests", code, words, requests.Load())
	}
	if got := c.kept(); len(got) != 1 || got["2"] != 1 {
		t.Errorf("%v", got)
	}
}

// TestImportOfMemories: the output of export and list is not encoded as the data of new memories, and not imported so if it is between
// other lines.
func TestImportOfMemories(t *testing.T) {
	c := newCommand(t, nil, nil)
	c.in(`{"note":"tea"}`, "encode", "--pin", "--ttl", "7d", "--tag", "t")
	_, exported, _ := c.in("", "list", "--json")
	for _, tt := range []struct{ in, at string }{
		{exported, "line 1"},
		{"1\n\n" + exported + "2\n", "line 3"},
		{strings.Repeat("1\n", 1100) + exported, "line 1101"},
	} {
		for _, command := range [][]string{{"import"}, {"import", "--from", "lines"}, {"encode"}} {
			if tt.in == exported && len(command) == 1 && command[0] == "import" {
				continue // brings the memory back
			}
			code, out, words := c.in(tt.in, command...)
			if code != 5 || out != "" || !strings.Contains(words, "sigil: stopped at "+tt.at+": this is a memory, as sigil export") {
				t.Errorf("%s: %d, %s", command, code, words)
			}
		}
	}
	if got := c.kept(); len(got) != 2 || got["1"] != 3*1101 || got[`{"note":"tea"}`] != 1 {
		t.Errorf("%v", got)
	}
	// Values that only resemble an exported memory are values.
	like := `{"id":"x","lastAccessed":1,"fadesAt":2}` + "\n" + `{"lastAccessed","fadesAt"` + "\n" + `["lastAccessed","fadesAt"]`
	if code, _, words := c.in(like, "import"); code != 5 || !strings.HasPrefix(words, "sigil: line 2: data: is not valid JSON at byte 15\nencoded 2, failed 1 in ") {
		t.Errorf("%d, %s", code, words)
	}
}

// deaf drops every answer.
type deaf struct{ header http.Header }

func (d *deaf) Header() http.Header         { return d.header }
func (d *deaf) Write(b []byte) (int, error) { return len(b), nil }
func (d *deaf) WriteHeader(int)             {}

// TestTTLWarning: the command warns about a ttl that is longer than the memory lives untouched, and reports how many
// memories have one.
func TestTTLWarning(t *testing.T) {
	const word = "is longer than the 95s that a memory lives untouched: a ttl is a hard end and keeps nothing alive; pin the memory"
	c := newCommand(t, nil, nil)
	for _, args := range [][]string{{"encode", "1"}, {"encode", "--quiet", "1"}, {"encode", "--json", "1"}} {
		code, out, words := c.in("", append(args, "--ttl", "7d")...)
		if code != 0 || !strings.HasPrefix(words, "sigil: warning: ttl: "+word) || strings.Count(words, "\n") != 1 {
			t.Errorf("%v: %d, %s", args, code, words)
		}
		if args[1] == "--json" && !strings.Contains(out, `"warnings":[{"code":"ttl_over_life","field":"ttl","detail":"is longer`) {
			t.Errorf("%v: %s", args, out)
		}
	}
	in := strings.Repeat("1\n", 1100) + "oops\n"
	for _, args := range [][]string{{"import"}, {"encode"}, {"encode", "--json"}} {
		code, _, words := c.in(in, append(args, "--ttl", "2h")...)
		if code != 5 || strings.Count(words, "warning") != 1 || !strings.Contains(words, "\nsigil: warning: ttl of 1100 memories: "+word) {
			t.Errorf("%v: %d, %s", args, code, words)
		}
	}
	for _, flags := range [][]string{{"--ttl", "90s"}, {"--ttl", "7d", "--pin"}, nil} {
		for _, stdin := range []string{"1\n2\n", "1"} {
			if code, _, words := c.in(stdin, append([]string{"import"}, flags...)...); code != 0 || strings.Contains(words, "warning") {
				t.Errorf("%v: %d, %s", flags, code, words)
			}
		}
	}
}
