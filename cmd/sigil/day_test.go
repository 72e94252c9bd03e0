//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/client"
)

// saying is something that was said in a conversation, with an id that is unique in it.
type saying struct{ Group, ID, Who, At, Text, Picture string }

// asking is a question about a conversation, with the ids of what answers it.
type asking struct {
	Group, Query string
	Relevant     map[string]float64
}

// day is what an assistant hears in a day.
type day struct {
	facts     []saying
	questions []asking
}

// TestAnAssistantsDay has an assistant remember facts, correct ten and forget ten, while its daemon restarts twice. Then it
// recalls the answers to all questions, and finds at least what a search by REST finds. The facts are 150 that are invented, or 500
// of the folder that SIGIL_QUESTIONS names (see make day).
func TestAnAssistantsDay(t *testing.T) {
	const some = 10
	facts := 150
	today := invented(facts)
	if folder := os.Getenv("SIGIL_QUESTIONS"); folder != "" {
		facts = 500
		today = heard(t, folder, facts)
	}
	program, data, addr := program(t), filepath.Join(t.TempDir(), "sigil"), freePort(t)
	a := assist(t, program, "2026-07-28", "--data="+data, "--addr="+addr)
	defer end(t, data)

	ids := map[string]string{} // of memories, by the facts that they have
	remember := func(s *saying) string {
		t.Helper()
		out, err := a.call("remember", map[string]any{"text": s.sentence(), "tags": []string{s.Group}})
		if err != nil {
			t.Fatal(err)
		}
		return out["id"].(string)
	}
	for i := range today.facts {
		s := &today.facts[i]
		ids[s.key()] = remember(s)
		if i == facts/3 {
			end(t, data) // the next call starts another
		}
	}
	// The last facts are corrected, or forgotten. No question needs the forgotten ones.
	gone := map[string]bool{}
	for i := range some {
		wrong, unwanted := &today.facts[facts-1-i], &today.facts[facts-1-some-i]
		for _, s := range []*saying{wrong, unwanted} {
			if _, err := a.call("forget", map[string]any{"id": ids[s.key()]}); err != nil {
				t.Fatal(err)
			}
			gone[ids[s.key()]] = true
		}
		wrong.Text += " This was corrected."
		ids[wrong.key()] = remember(wrong)
		delete(ids, unwanted.key())
	}
	end(t, data)

	if out, err := a.call("recall", map[string]any{"query": "corrected"}); err != nil || len(out["memories"].([]any)) != some {
		t.Errorf("recalled %v, %v; want %d corrections", out, err, some)
	}
	for id := range gone {
		if _, err := a.call("peek", map[string]any{"id": id}); err == nil || !strings.Contains(err.Error(), "forgotten") {
			t.Errorf("%s, which was forgotten: %v", id, err)
		}
	}
	c, err := client.New(addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	var byREST, recalled float64
	asked := 0
	for _, q := range today.questions {
		wanted := map[string]bool{}
		for id := range q.Relevant {
			if memory, kept := ids[q.Group+" "+id]; kept {
				wanted[memory] = true
			}
		}
		if len(wanted) < len(q.Relevant) {
			continue
		}
		asked++
		page, err := c.Search(t.Context(), client.SearchQuery{Text: q.Query})
		if err != nil {
			t.Fatal(err)
		}
		for i := range page.Hits {
			byREST += share(wanted, page.Hits[i].Memory.ID.String())
		}
		out, err := a.call("recall", map[string]any{"query": q.Query})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range out["memories"].([]any) {
			id := m.(map[string]any)["id"].(string)
			recalled += share(wanted, id)
			if gone[id] {
				t.Errorf("%q recalls what was forgotten", q.Query)
			}
		}
	}
	if asked == 0 || recalled < byREST || recalled < 0.5*float64(asked) {
		t.Errorf("of %d questions, recall finds %.1f, and REST %.1f", asked, recalled, byREST)
	}
	t.Logf("%d facts, %d questions: recall@10 %.3f by recall, %.3f by a search of REST", facts, asked, recalled/float64(asked), byREST/float64(asked))
}

// share returns what one hit adds to the recall of a question.
func share(wanted map[string]bool, id string) float64 {
	if !wanted[id] {
		return 0
	}
	return 1 / float64(len(wanted))
}

func (s *saying) key() string { return s.Group + " " + s.ID }

// sentence returns what an assistant would remember of it.
func (s *saying) sentence() string {
	text := s.Who + ": " + s.Text
	if s.Picture != "" {
		text += " (picture: " + s.Picture + ")"
	}
	if s.At != "" {
		text += " (" + s.At + ")"
	}
	return text
}

// end ends the daemon of a data folder, if there is one, and waits until it has.
func end(t *testing.T, data string) {
	t.Helper()
	p := holder(t, data)
	if err := syscall.Kill(p, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Error(err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); syscall.Kill(p, 0) == nil; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("the daemon does not end")
		}
	}
}

// invented returns that many facts of five conversations. For every fifth there is a question.
func invented(facts int) (d day) {
	things := []string{"violin", "bicycle", "lantern", "carpet", "telescope", "kettle", "canoe", "typewriter", "umbrella", "clock"}
	places := []string{"Lisbon", "Bergen", "Kyoto", "Quito", "Tallinn", "Cairo", "Oslo", "Perth", "Lima", "Prague"}
	for i := range facts {
		who := []string{"Ada", "Boris", "Carla", "Deniz", "Emil"}[i%5]
		thing, place := things[i/5%10], places[i/50]
		s := saying{who, fmt.Sprint(i), who, fmt.Sprintf("2026-11-%02d", 1+i%28), fmt.Sprintf("I bought a %s at the market in %s.", thing, place), ""}
		d.facts = append(d.facts, s)
		if i%7 == 0 {
			d.questions = append(d.questions, asking{who, fmt.Sprintf("What did %s say about the %s from %s?", who, thing, place), map[string]float64{s.ID: 1}})
		}
	}
	return d
}

// heard returns facts and questions of the conversations in a folder, equally many facts of each: first those that answer the
// questions, as far as there is room for all that a question needs.
func heard(t *testing.T, folder string, facts int) (d day) {
	all := map[string]saying{}
	var groups []string
	each(t, filepath.Join(folder, "memories.jsonl"), func(s saying) {
		if s.Who == "" {
			return // no conversation
		}
		if !slices.Contains(groups, s.Group) {
			groups = append(groups, s.Group)
		}
		all[s.key()] = s
	})
	chosen := map[string]map[string]bool{}
	for _, g := range groups {
		chosen[g] = map[string]bool{}
	}
	each(t, filepath.Join(folder, "questions.jsonl"), func(q asking) {
		needed := maps.Clone(chosen[q.Group])
		if needed == nil {
			return
		}
		for id := range q.Relevant {
			needed[id] = true
		}
		if len(needed) <= facts/len(groups)-10 { // the others can be forgotten
			chosen[q.Group] = needed
			d.questions = append(d.questions, q)
		}
	})
	var others []saying
	for _, key := range slices.Sorted(maps.Keys(all)) {
		s := all[key]
		if c := chosen[s.Group]; c[s.ID] {
			d.facts = append(d.facts, s)
		} else if len(c) < facts/len(groups) {
			c[s.ID] = true
			others = append(others, s)
		}
	}
	d.facts = append(d.facts, others...)
	if len(d.facts) != facts {
		t.Fatalf("%s has %d facts of conversations, want %d", folder, len(d.facts), facts)
	}
	return d
}

// each calls do with each value of a file.
func each[T any](t *testing.T, path string, do func(T)) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for d := json.NewDecoder(f); ; {
		var v T
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		do(v)
	}
}
