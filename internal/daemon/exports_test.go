package daemon_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
)

// exportLines runs sigil export and returns the lines of memories.
func exportLines(t *testing.T, args ...string) []string {
	t.Helper()
	var out, words bytes.Buffer
	if code := daemon.Export(t.Context(), args, &out, &words, nil); code != 0 {
		t.Fatalf("export %q: exit %d, %s", args, code, words.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if !strings.HasPrefix(lines[0], `{"sigil":"export",`) || !strings.HasPrefix(lines[len(lines)-1], `{"sigil":"end",`) {
		t.Errorf("export %q: %s", args, out.String())
	}
	return lines[1 : len(lines)-1]
}

// TestExportsOfAllStoresAreTheSame exports from a daemon on a database, from the database itself, then, after an
// import, from a daemon on a folder, and from the folder itself once it is stopped.
func TestExportsOfAllStoresAreTheSame(t *testing.T) {
	cluster := pgtest.Start(t, pgtest.Fast)
	url := cluster.URL("postgres")
	first := start(t, config(t, "--store="+url), nil)
	for _, body := range []string{
		`{"data":{"n":1.50,"text":"é\u0000"},"tags":["b","a"],"pinned":true}`, `{"data":"tea","ttl":"7d","vector":[0.1,-3,0]}`,
		`{"data":3,"state":{"phi":1,"coherence":1,"awareness":1,"emotionalResonance":1,"mood":{"b":1,"a":2.0}}}`, `{"data":null}`, `{"data":"recalled"}`,
	} {
		if status, answer := ask(t, first, "POST", "/v1/sigils", body); status != 201 {
			t.Fatal(status, answer)
		}
	}
	acme, err := client.New(first.Addr(), &client.Options{Tenant: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	defer acme.CloseIdleConnections()
	if _, err := acme.SetPolicy(t.Context(), "halflife h=30d threshold=0.9", false); err != nil {
		t.Fatal(err)
	}
	if _, err := acme.EncodeBatch(t.Context(), drafts(600)); err != nil { // more than a page of any reader
		t.Fatal(err)
	}
	page, err := acme.List(t.Context(), client.ListQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := acme.Recall(t.Context(), page.Memories[0].ID); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{`"black tea"`, `"green tea"`, `"white tea"`} { // a chain
		m, err := acme.Correct(t.Context(), page.Memories[0].ID, sigil.Draft{Data: []byte(text), Vector: []float32{1, 2}, TTL: 240 * time.Hour, Pinned: true, Policy: sigil.DefaultClassic()})
		if err != nil {
			t.Fatal(err)
		}
		page.Memories[0] = m
	}
	gone, err := acme.Encode(t.Context(), sigil.Draft{Data: []byte(`"gone"`)})
	if err == nil {
		gone, err = acme.Correct(t.Context(), gone.ID, sigil.Draft{Data: []byte(`"gone again"`)})
	}
	if err == nil {
		err = acme.Forget(t.Context(), gone.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	online := exportLines(t, "--addr", first.Addr())
	if len(online) != 609 { // of acme its policy, 600 memories and 3 former versions
		t.Fatalf("%d lines", len(online))
	}
	stop(t, first)
	same(t, "the database", exportLines(t, "--store", url), online)

	l := config(t)
	second := start(t, l, nil)
	bring(t, second, online)
	same(t, "the daemon on the folder", exportLines(t, "--data", l.Data), online)
	stop(t, second)
	same(t, "the folder", exportLines(t, "--data", l.Data), online)
	if code := daemon.Check(t.Context(), []string{"--data", l.Data}, io.Discard, io.Discard, nil); code != 0 {
		t.Errorf("check: exit %d", code)
	}
	name, err := cluster.Database(t.Context()) // and on to another database
	if err != nil {
		t.Fatal(err)
	}
	again := cluster.URL(name)
	third := start(t, config(t, "--store="+again), nil)
	bring(t, third, online)
	same(t, "the other database", exportLines(t, "--addr", third.Addr()), online)
	stop(t, third)
	if one, other := content(t, "--data", l.Data), content(t, "--store", again); one != other || one != content(t, "--store", url) {
		t.Errorf("the content has the checksums %s and %s", one, other)
	}
	same(t, "a tenant of it", exportLines(t, "--data", l.Data, "--tenant", "public"), online[604:])
	online = slices.DeleteFunc(online, func(line string) bool { return !strings.HasPrefix(line, `{"sigil":"memory"`) }) // docs/import.md says so
	salvaged := exportLines(t, "--data", l.Data, "--salvage")
	slices.Sort(salvaged)
	slices.Sort(online)
	same(t, "the salvaged folder", salvaged, online)
}

// TestASalvageCountsWhatItLeavesOut has former versions of memories that live and of one that was forgotten, and one that was restored.
func TestASalvageCountsWhatItLeavesOut(t *testing.T) {
	l := config(t)
	d := start(t, l, nil)
	c, err := client.New(d.Addr(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdleConnections()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var all []sigil.ID
	for n := range 4 {
		m, err := c.Encode(t.Context(), sigil.Draft{Data: fmt.Appendf(nil, `"tea %d"`, n)})
		ok(err)
		for i := range n {
			m, err = c.Correct(t.Context(), m.ID, sigil.Draft{Data: fmt.Appendf(nil, `"tea %d, again %d"`, n, i)})
			ok(err)
		}
		all = append(all, m.ID)
	}
	for _, id := range all[2:] {
		ok(c.Forget(t.Context(), id))
	}
	_, err = c.Restore(t.Context(), all[3])
	ok(err)
	_, err = c.EraseOne(t.Context(), all[1]) // with its former version
	ok(err)
	stop(t, d)
	var words bytes.Buffer
	var report struct{ Written, VersionsLeftOut, Restorable, Problems int }
	code := daemon.Export(t.Context(), []string{"--data", l.Data, "--salvage", "--json"}, io.Discard, &words, nil)
	if err := json.Unmarshal(words.Bytes(), &report); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s", code, err, words.String())
	}
	if report.Written != 2 || report.VersionsLeftOut != 5 || report.Restorable != 1 || report.Problems != 0 {
		t.Errorf("%+v", report)
	}
	words.Reset()
	_ = daemon.Export(t.Context(), []string{"--data", l.Data, "--salvage"}, io.Discard, &words, nil)
	if !strings.Contains(words.String(), "left out 1 removed memories that can still be restored, and 5 former versions") {
		t.Errorf("it says %s", words.String())
	}
}

// content returns the checksum of the content of an export.
func content(t *testing.T, args ...string) string {
	t.Helper()
	var words bytes.Buffer
	var report struct{ Content string }
	if code := daemon.Export(t.Context(), append(args, "--json"), io.Discard, &words, nil); code != 0 || json.Unmarshal(words.Bytes(), &report) != nil || len(report.Content) != 64 {
		t.Fatalf("exit %d, %s", code, words.String())
	}
	return report.Content
}

// bring imports the lines of the export of TestExportsOfAllStoresAreTheSame.
func bring(t *testing.T, d *daemon.Daemon, all []string) {
	t.Helper()
	for tenant, from := range map[string]int{"acme": 1, "public": 604} {
		c, err := client.New(d.Addr(), &client.Options{Tenant: tenant})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseIdleConnections()
		var lines []json.RawMessage
		for _, line := range all[from:min(len(all), from+603)] {
			lines = append(lines, json.RawMessage(line))
		}
		if from == 1 {
			if _, err := c.SetPolicy(t.Context(), "halflife h=30d threshold=0.9", false); err != nil {
				t.Fatal(err)
			}
		}
		items, err := c.Import(t.Context(), lines, false)
		if err != nil {
			t.Fatal(err)
		}
		for i := range items {
			if items[i].Outcome != "inserted" {
				t.Errorf("%s: %+v", lines[i], items[i].Problem)
			}
		}
	}
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d lines, want %d", what, len(got), len(want))
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: got %s\nwant %s", what, got[i], want[i])
			return
		}
	}
}

func drafts(n int) (all []sigil.Draft) {
	for i := range n {
		all = append(all, sigil.Draft{Data: fmt.Appendf(nil, `{"n":%d}`, i)})
	}
	return all
}
