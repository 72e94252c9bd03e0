package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestImportArray: a JSON array over several lines is kept element by element, and other input is not mistaken for one.
func TestImportArray(t *testing.T) {
	thousands := make([]map[string]int, 1100)
	for i := range thousands {
		thousands[i] = map[string]int{"n": i}
	}
	pretty, err := json.MarshalIndent(thousands, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	few := map[string]int{`{"a":[1,2]}`: 1, `"x"`: 2, `3.10`: 1, `null`: 1}
	for _, tt := range []struct {
		name, in string
		want     map[string]int
		code     int
		words    string
	}{
		{"pretty", "[\n  {\n    \"a\": [\n      1,\n      2\n    ]\n  },\n  \"x\",\n  3.10, \"x\",\n  null\n]\n", few, 0, "encoded 5, failed 0 in "},
		{"an element a line", "[{\"a\":[1,2]},\n\"x\",\n3.10,\"x\",\nnull]", few, 0, "encoded 5, failed 0 in "},
		{"after blanks and a mark", "\ufeff[\r\n\r\n\"x\"\r\n,\"x\",{\"a\":[1,2]},3.10,null]\r\n \n", few, 0, "encoded 5, failed 0 in "},
		{"empty", "[\n]\n", nil, 0, "encoded 0, failed 0 in "},
		{"lines of arrays", "[1]\n[2,3]\n", map[string]int{"[1]": 1, "[2,3]": 1}, 0, "encoded 2, failed 0 in "},
		{"one line of an array", "[2,3]\n", map[string]int{"[2,3]": 1}, 0, "encoded 1, failed 0 in "},
		{"a line that is cut off", "[1,2\n3\n[4]\n", map[string]int{"3": 1, "[4]": 1}, 5, "sigil: line 1: data: is not valid JSON"},
		{"a first line that is cut off", `{"a":1` + "\n" + `{"a":2}` + "\n", map[string]int{`{"a":2}`: 1}, 5, "sigil: line 1: data: is not valid JSON"},
		{"a value that the daemon refuses", "[\n1,\n{\"a\":1,\"a\":2},\n3]", map[string]int{"1": 1, "3": 1}, 5, "sigil: element 2: data/a: occurs twice in its object at byte 15\nencoded 2, failed 1 in "},
		{"no end", "[\n1,\n2", map[string]int{"1": 1, "2": 1}, 5, "encoded 2, failed 0 in "},
		{"no end", "[\n1,\n2", map[string]int{"1": 1, "2": 1}, 5, "sigil: stopped at element 2: the array has no end\n"},
		{"no array any more", "[\n1,\n2 3]", map[string]int{"1": 1, "2": 1}, 5, "sigil: stopped at element 2: the array is not valid JSON after its first 7 bytes\n"},
		{"more after it", "[\n1,\n2]\n3\n", map[string]int{"1": 1, "2": 1}, 5, "sigil: stopped at element 2: has something after the array\n"},
		{"an object over lines", "{\n  \"a\": 1,\n  \"b\": [\n    2\n  ]\n}\n", nil, 5, "sigil: stopped at line 1: the value that begins here continues on the next line"},
		{"exported", "[\n1,\n" + `{"id":1,"tenant":1,"frequency":1,"pattern":1,"potential":1,"decay":1,"createdAt":1,"lastAccessed":1,"accessCount":1,"fadesAt":1,"ttl":1,"pinned":1,"policy":1}` + "]", map[string]int{"1": 1}, 5, "sigil: stopped at element 2: this is a memory"},
		{"no JSON", strings.Repeat("a,b,c\n", 5000), nil, 5, "sigil: stopped at line 10: none of the lines so far is JSON"},
		{"many", string(pretty), nil, 0, "encoded 1100, failed 0 in "},
	} {
		for _, verb := range []string{"import", "encode"} {
			t.Run(tt.name+"/"+verb, func(t *testing.T) {
				c := newCommand(t, nil, nil)
				code, _, words := c.in(tt.in, verb)
				if code != tt.code || !strings.Contains(words, tt.words) || strings.Count(words, "\n") > 12 {
					t.Errorf("%d, %s", code, words)
				}
				got := c.kept()
				if tt.name == "many" {
					tt.want = got
				}
				if !maps.Equal(got, tt.want) {
					t.Errorf("kept %v, want %v", got, tt.want)
				}
				if code == 0 { // the same in another form is the same
					c.in(tt.in, verb, "--idempotency-key", "k")
					n := len(c.kept())
					c.in(strings.NewReplacer("\n", "\n\n").Replace(tt.in), verb, "--idempotency-key", "k")
					if again := len(c.kept()); again != n {
						t.Errorf("%d values are %d", n, again)
					}
				}
			})
		}
	}
}

// TestImportArrayFile: in a file named .json an array may be on one line, and so may an array that is too long for a
// value on one line.
func TestImportArrayFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "all.json")
	if err := os.WriteFile(file, []byte(`[1,[2,3],{"a":4}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newCommand(t, nil, nil)
	if code, out, words := c.in("", "import", "--json", file); code != 0 || strings.Count(out, "\n") != 3 || !strings.HasPrefix(words, "encoded 3, failed 0 in ") {
		t.Errorf("%d, %s, %s", code, out, words)
	}
	if got := c.kept(); !maps.Equal(got, map[string]int{"1": 1, "[2,3]": 1, `{"a":4}`: 1}) {
		t.Errorf("kept %v", got)
	}

	c = newCommand(t, nil, nil)
	var long strings.Builder
	long.WriteString("[0")
	for i := range 20 {
		fmt.Fprintf(&long, ",%q", fmt.Sprint(i)+strings.Repeat("x", 1<<20-100))
	}
	long.WriteString("]")
	if code, _, words := c.in(long.String(), "import"); code != 0 || !strings.HasPrefix(words, "encoded 21, failed 0 in ") {
		t.Errorf("%d, %s", code, words)
	}

	endless := io.MultiReader(strings.NewReader("[\n1,\n\""), xs{})
	if code, _, words := c.run(t.Context(), endless, "import"); code != 5 || !strings.Contains(words, "stopped at element 1: the next element has more than 16.0 MiB") {
		t.Errorf("%d, %s", code, words)
	}
}

// TestTrickleOfAnArray: elements are kept as they arrive, too.
func TestTrickleOfAnArray(t *testing.T) {
	kept := make(chan struct{})
	c := newCommand(t, nil, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, r)
			kept <- struct{}{}
		})
	})
	in, writer := io.Pipe()
	go func() {
		io.WriteString(writer, "[\n")
		for range 3 {
			io.WriteString(writer, "1,\n")
			<-kept // before there is any more input
		}
		io.WriteString(writer, "1]\n")
		<-kept
		writer.Close()
	}()
	if code, _, words := c.run(t.Context(), in, "encode"); code != 0 || !strings.HasPrefix(words, "encoded 4, failed 0 in ") {
		t.Errorf("%d, %s", code, words)
	}
}

// TestLineNumbers: each result names its line.
func TestLineNumbers(t *testing.T) {
	c := newCommand(t, nil, nil)
	const in = "10\n\noops\n\"b\"\n{\"a\":1,\"a\":2}\n50\n"
	_, out, _ := c.in(in, "encode", "--json")
	_, brief, _ := c.in(in, "import", "--json", "--ttl", "7d")
	want := []int{1, 4, 6}
	for i, line := range strings.Split(strings.TrimSpace(out), "\n") {
		var v struct {
			ID   string
			Data json.RawMessage
			Line int
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil || v.Line != want[i] || v.ID == "" || len(v.Data) == 0 {
			t.Errorf("%s, %v", line, err)
		}
	}
	for i, line := range strings.Split(strings.TrimSpace(brief), "\n") {
		var v struct {
			ID       string
			Line     int
			Warnings []struct{ Code string }
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil || v.Line != want[i] || len(v.ID) != 36 || len(v.Warnings) != 1 {
			t.Errorf("%s, %v", line, err)
		}
	}
	if strings.Count(out, "\n") != 3 || strings.Count(brief, "\n") != 3 {
		t.Errorf("%s%s", out, brief)
	}
}
