package forgeteval

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/sigil-dna/sigil/internal/receipt"
)

// set encodes the subject of each case, and a few other facts.
func set(cases []*trial, others int, more func(c *trial) string) {
	each(cases, func(c *trial) {
		extra := ""
		if more != nil {
			extra = more(c)
		}
		f := c.encode(c.subject(), extra)
		for _, other := range c.others(others) {
			c.encode(other, "")
		}
		if !c.over() {
			c.there(f) // otherwise it would prove nothing that it is not found later
		}
	})
}

// stay checks all facts of the cases but the first, which is the subject.
func stay(cases []*trial) {
	each(cases, func(c *trial) {
		for _, f := range c.facts[1:] {
			c.there(f)
		}
	})
}

func superseded(s *suite, cases []*trial) {
	set(cases, 2, nil)
	corrected := map[*trial][]*fact{} // the chain of each case: all but the last are superseded
	each(cases, func(c *trial) {
		chain := []*fact{c.facts[0]}
		for i := range 1 + c.n%3 {
			next := c.another(1 + i)
			c.correct(chain[i], next)
			chain = append(chain, next)
		}
		corrected[c] = chain
	})
	check := func() {
		each(cases, func(c *trial) {
			chain := corrected[c]
			for _, f := range chain[:len(chain)-1] {
				c.gone(f)
			}
			c.there(chain[len(chain)-1])
		})
		stay(cases)
	}
	check()
	s.restart()
	check()
}

// correct has a fact superseded by another.
func (c *trial) correct(old, by *fact) {
	r := c.must("POST", "/v1/sigils/"+old.id+":correct", fmt.Sprintf(`{"data":{"fact":%q},"tags":["case"]}`, by.text))
	by.id, by.was = r.ID, r
	if !c.over() && (r.ID == "" || r.ID == old.id) {
		c.fail("a correction answers no new memory: %s", r.body)
	}
}

func released(s *suite, cases []*trial) {
	const life = time.Hour
	how := func(c *trial) string { return []string{"forget", "ttl", "life"}[c.n%3] }
	set(cases, 2, func(c *trial) string {
		if how(c) == "forget" {
			return ""
		}
		return fmt.Sprintf(`,%q:"1h"`, how(c))
	})
	s.stage.Pass(life)
	s.sweep()
	each(cases, func(c *trial) {
		if how(c) == "forget" {
			c.must("DELETE", "/v1/sigils/"+c.facts[0].id, "")
		}
	})
	check := func() {
		each(cases, func(c *trial) {
			c.gone(c.facts[0])
			if got := c.listed("/v1/removed"); !slices.Equal(got, []string{c.facts[0].id}) {
				c.fail("what can be restored is %v", got)
			}
		})
		stay(cases)
	}
	check()
	s.restart()
	check()
	each(cases, func(c *trial) {
		c.must("POST", "/v1/sigils/"+c.facts[0].id+":restore", "")
		c.there(c.facts[0])
		if got := c.listed("/v1/removed"); len(got) > 0 {
			c.fail("what can be restored after the restore is %v", got)
		}
	})
	s.restart()
	each(cases, func(c *trial) { c.there(c.facts[0]) })
	stay(cases)
}

func purged(s *suite, cases []*trial) {
	set(cases, 2, nil)
	each(cases, func(c *trial) {
		if c.n%3 == 2 {
			c.must("DELETE", "/v1/sigils/"+c.facts[0].id, "") // what is forgotten is erased as well
		}
		c.erase(c.facts[0])
	})
	check := func() {
		each(cases, func(c *trial) {
			f := c.facts[0]
			c.gone(f)
			c.refused("POST", "/v1/sigils/"+f.id+":restore", "")
			if got := c.listed("/v1/removed"); len(got) > 0 {
				c.fail("what can be restored is %v", got)
			}
			if r := c.must("GET", "/v1/events?limit=1000", ""); bytes.Contains(r.body, []byte(f.value)) {
				c.fail("the journal has %q", f.value)
			}
			events := c.journaled(f.id)
			if len(events) != 1 || events[0].Kind != "erased" || events[0].Arithmetic.FadesAt != nil {
				c.fail("the journal has %+v", events)
			}
		})
		stay(cases)
	}
	check()
	s.restart()
	check()
	s.stage.Pass(25 * time.Hour) // past what can be restored
	s.sweep()
	check()
}

// erase erases a fact, in one of two ways, and verifies the receipt.
func (c *trial) erase(f *fact) {
	var r reply
	if c.n%2 == 0 {
		r = c.must("DELETE", "/v1/sigils/"+f.id+"?erase=true", "")
	} else {
		r = c.must("POST", "/v1/sigils:erase", fmt.Sprintf(`{"ids":[%q]}`, f.id))
	}
	if c.over() {
		return
	}
	document := r.body
	if len(r.Receipt) > 0 && r.Receipt[0] == '{' {
		document = r.Receipt
	}
	named := c.must("GET", "/v1/receipts/key", "")
	key, err := receipt.ParseKey(named.Key)
	if err != nil {
		c.fail("the key of receipts: %v", err)
		return
	}
	says, err := receipt.Verify(document, key)
	switch {
	case err != nil:
		c.fail("the receipt: %v: %s", err, document)
	case says.Counts.Memories+says.Counts.Removed != 1 || says.Tenant != c.tenant:
		c.fail("the receipt says %+v", says)
	case bytes.Contains(document, []byte(f.value)) || bytes.Contains(document, []byte(f.text)):
		c.fail("the receipt has content: %s", document)
	}
}

func unrelated(s *suite, cases []*trial) {
	set(cases, 5, nil)
	each(cases, func(c *trial) {
		twin := *c.facts[0] // the same content
		c.encode(&twin, "")
		near := *c.facts[0]
		near.text += ", they say"
		c.encode(&near, "")
		for _, f := range c.facts[1:] {
			f.was = c.must("GET", "/v1/sigils/"+f.id, "")
		}
	})
	each(cases, func(c *trial) {
		switch c.n % 3 {
		case 0:
			c.must("DELETE", "/v1/sigils/"+c.facts[0].id, "")
		case 1:
			c.erase(c.facts[0])
		case 2:
			c.correct(c.facts[0], c.another(3))
		}
	})
	check := func() {
		stay(cases)
		each(cases, func(c *trial) {
			c.gone(c.facts[0])
			for _, f := range c.facts[1:] {
				if r := c.must("GET", "/v1/sigils/"+f.id, ""); !r.FadesAt.Equal(*f.was.FadesAt) || r.Recalls != f.was.Recalls {
					c.fail("%q fades at %s after %d recalls, and did at %s after %d", f.text, r.FadesAt, r.Recalls, f.was.FadesAt, f.was.Recalls)
				}
			}
			want := len(c.facts) - 1
			if c.n%3 == 2 {
				want++ // the correction
			}
			if r := c.must("GET", "/v1/stats", ""); string(r.Memories) != strconv.Itoa(want) {
				c.fail("%s memories are counted, want %d", r.Memories, want)
			}
		})
	}
	check()
	s.restart()
	check()
}

func crossing(s *suite, cases []*trial) {
	neighbors := map[*trial]*trial{}
	each(cases, func(c *trial) {
		neighbors[c] = &trial{suite: s, n: c.n, tenant: "next-to-" + c.tenant}
	})
	both := func(do func(c, other *trial)) {
		each(cases, func(c *trial) {
			other := neighbors[c]
			do(c, other)
			if other.wrong != "" {
				c.fail("%s: %s", other.tenant, other.wrong)
			}
		})
	}
	both(func(c, other *trial) {
		for _, one := range []*trial{c, other} { // the same content
			one.encode(one.subject(), "")
			one.encode(one.others(1)[0], "")
			one.there(one.facts[0])
		}
	})
	foreign := func() {
		both(func(c, other *trial) {
			for _, f := range other.facts {
				path := "/v1/sigils/" + f.id
				c.gone(f)
				for _, verb := range []string{":restore", ":unpin", ":correct"} {
					c.refused("POST", path+verb, `{"data":1}`)
				}
				c.refused("DELETE", path, "")
				c.refused("DELETE", path+"?erase=true", "")
				c.refused("GET", path+"/explain", "")
				c.do("POST", "/v1/sigils:erase", fmt.Sprintf(`{"ids":[%q]}`, f.id)) // may be answered: with nothing erased
				c.do("POST", "/v1/sigils:restore", fmt.Sprintf(`{"ids":[%q]}`, f.id))
				if len(c.journaled(f.id)) > 0 {
					c.fail("the journal has the other tenant's %s", f.id)
				}
				other.there(f)
			}
		})
	}
	foreign()
	both(func(c, other *trial) {
		switch path := "/v1/sigils/" + c.facts[0].id; c.n % 3 {
		case 0:
			c.must("DELETE", path, "")
		case 1:
			c.erase(c.facts[0])
		case 2:
			c.correct(c.facts[0], c.another(2))
		}
		c.gone(c.facts[0])
		if got := other.listed("/v1/removed"); len(got) > 0 {
			c.fail("the other tenant can restore %v", got)
		}
	})
	foreign()
	s.restart()
	foreign()
	both(func(c, _ *trial) { c.gone(c.facts[0]) })
}

// ending is when the subject of a case fades.
type ending struct {
	at time.Time
	*trial
}

func timelines(s *suite, cases []*trial) {
	hours := func(c *trial) int { return 24 + c.n%97 } // 1 to 5 days
	kinds := []string{`"life":"%dh"`, `"ttl":"%dh"`, `"pinned":true,"ttl":"%dh"`, `"life":"%dh"`, `"ttl":"%dh"`}
	set(cases, 1, func(c *trial) string { return fmt.Sprintf(","+kinds[c.n%5], hours(c)) })
	var endings []ending
	begin := map[*trial]time.Time{}
	each(cases, func(c *trial) { begin[c] = *c.forecast() })
	s.stage.Pass(12 * time.Hour)
	each(cases, func(c *trial) {
		if c.n%5 >= 3 { // a recall starts a life anew, but no ttl
			c.must("POST", "/v1/sigils/"+c.facts[0].id+":recall", "")
		}
	})
	s.restart()
	each(cases, func(c *trial) {
		at := c.forecast()
		want := begin[c]
		if c.n%5 == 3 {
			want = *at
			if moved := at.Sub(begin[c]); moved < 12*time.Hour || moved > 12*time.Hour+time.Minute {
				c.fail("a recall after 12 h moved the end by %s", moved)
			}
		}
		if !at.Equal(want) {
			c.fail("the forecast was %s, and is %s", want, at)
		}
		endings = append(endings, ending{*at, c})
	})
	slices.SortStableFunc(endings, func(a, b ending) int { return a.at.Compare(b.at) })
	for len(endings) > 0 {
		at := endings[0].at
		n := slices.IndexFunc(endings, func(e ending) bool { return !e.at.Equal(at) })
		if n < 0 {
			n = len(endings)
		}
		s.end(at, endings[:n])
		endings = endings[n:]
	}
	stay(cases)
}

// end lets the time come at which the subjects of some cases fade.
func (s *suite) end(at time.Time, endings []ending) {
	s.pass(at.Add(-time.Millisecond))
	for _, e := range endings {
		e.must("GET", "/v1/sigils/"+e.facts[0].id, "")
	}
	s.pass(at)
	for _, e := range endings {
		e.gone(e.facts[0])
	}
	s.sweep()
	for _, e := range endings {
		events := e.journaled(e.facts[0].id)
		if len(events) != 2 || events[1].Kind != "faded" || events[1].Arithmetic.FadesAt == nil || !events[1].Arithmetic.FadesAt.Equal(at) || events[1].Time.Before(at) {
			e.fail("the journal has %+v, want one end at %s", events, at)
		}
	}
}

// forecast returns when the subject fades: as the forecast names it, which must be as the memory itself says.
func (c *trial) forecast() *time.Time {
	r := c.must("GET", "/v1/forecast?within=10d&limit=100", "")
	var fading []reply
	if err := json.Unmarshal(r.Memories, &fading); err != nil || len(fading) != 1 || fading[0].ID != c.facts[0].id || r.Fading != 1 {
		c.fail("the forecast is %s", r.body)
		return &time.Time{}
	}
	if m := c.must("GET", "/v1/sigils/"+c.facts[0].id, ""); m.FadesAt == nil || !m.FadesAt.Equal(*fading[0].FadesAt) {
		c.fail("the memory fades at %s, by the forecast at %s", m.FadesAt, fading[0].FadesAt)
	}
	return fading[0].FadesAt
}

// pass lets time go on until the daemon's clock shows at. It does nothing if it shows that, or later.
func (s *suite) pass(at time.Time) {
	r := s.do("public", "GET", "/v1/forecast?within=1s", "")
	var now struct {
		From time.Time `json:"from"`
	}
	if err := json.Unmarshal(r.body, &now); err != nil {
		s.t.Fatal(err)
	}
	if d := at.Sub(now.From); d > 0 {
		s.stage.Pass(d)
	}
}
