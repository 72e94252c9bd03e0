// Package forgeteval scores how a daemon forgets: cases made of templates, in families, driven through its HTTP API. No
// language model takes part, and nothing is drawn: each run has the same cases.
//
// It has the families of ForgetEval (arXiv 2606.15903), with cases and words of its own. It knows neither engine nor store: a
// test passes in a daemon that it can restart, and whose clock it can move. It starts no goroutine.
package forgeteval

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Stage is a running daemon.
type Stage interface {
	// URL is where it serves, without a slash at the end. It may change with a restart.
	URL() string
	// Restart stops the daemon and starts it again on the same store.
	Restart()
	// Pass lets time go on. Sweeps run only when they are asked for.
	Pass(d time.Duration)
}

// Score is what became of the cases of a family.
type Score struct {
	Family, What          string
	Cases, Passed, Failed int
	Failures              []string // the first of each case
}

// family is cases of one kind. run puts all of them through the same phases, with restarts of the daemon in between.
type family struct {
	name, what string
	cases      int
	run        func(s *suite, cases []*trial)
}

var families = []family{
	{"superseded", "a corrected fact is not given by get, recall, search or list, through chains of corrections; the new one is", 220, superseded},
	{"released", "what was forgotten, or has faded, is not recalled, found or listed, and a restore brings it back as it was", 200, released},
	{"purged", "what was erased is gone by identifier, words, paraphrase, undo and journal, with a receipt that verifies", 240, purged},
	{"unrelated", "what is like it, near it, or has its tag stays as it was, is found and listed", 150, unrelated},
	{"tenants", "no verb, search, list, journal or restore crosses from one tenant to another", 150, crossing},
	{"timelines", "a memory is there a millisecond before the instant of the forecast, and gone at it, with one journal entry that names it", 160, timelines},
}

// suite is one run on one daemon.
type suite struct {
	t     *testing.T
	stage Stage
	http  requester
}

// Run runs at most each cases of every family, or all if each is 0.
func Run(t *testing.T, stage Stage, each int) (scores []Score) {
	t.Helper()
	s := &suite{t: t, stage: stage}
	for i := range families {
		f := &families[i]
		n := f.cases
		if each > 0 {
			n = min(n, each)
		}
		var cases []*trial
		for i := range n {
			cases = append(cases, &trial{suite: s, n: i, tenant: fmt.Sprintf("%s-%d", f.name, i)})
		}
		f.run(s, cases)
		score := Score{Family: f.name, What: f.what, Cases: n}
		for _, c := range cases {
			switch {
			case c.wrong != "":
				score.Failed++
				score.Failures = append(score.Failures, fmt.Sprintf("%s: %s", c.tenant, c.wrong))
			default:
				score.Passed++
			}
		}
		scores = append(scores, score)
	}
	return scores
}

// Table returns the scores on several stores as a table in Markdown.
func Table(stores []string, scores map[string][]Score) string {
	var b strings.Builder
	b.WriteString("| family | what must hold | cases |")
	for _, s := range stores {
		fmt.Fprintf(&b, " %s |", s)
	}
	b.WriteString("\n| --- | --- | ---: |" + strings.Repeat(" --- |", len(stores)) + "\n")
	total := 0
	for i := range families {
		var row strings.Builder
		cases := 0
		for _, s := range stores {
			if i < len(scores[s]) {
				score := &scores[s][i]
				cases = score.Cases
				row.WriteString(" " + score.verdict() + " |")
			} else {
				row.WriteString(" – |")
			}
		}
		total += cases
		fmt.Fprintf(&b, "| %s | %s | %d |%s\n", families[i].name, families[i].what, cases, row.String())
	}
	fmt.Fprintf(&b, "| all | | %d |", total)
	for _, s := range stores {
		all := Score{}
		for _, score := range scores[s] {
			all.Passed, all.Failed = all.Passed+score.Passed, all.Failed+score.Failed
		}
		b.WriteString(" " + all.verdict() + " |")
	}
	return b.String() + "\n"
}

func (s *Score) verdict() string {
	v := fmt.Sprintf("%d passed", s.Passed)
	if s.Failed > 0 {
		v += fmt.Sprintf(", **%d failed**", s.Failed)
	}
	return v
}
