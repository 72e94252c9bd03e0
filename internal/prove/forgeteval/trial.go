package forgeteval

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// trial is one case. After its first fault its other steps do nothing.
type trial struct {
	suite  *suite
	n      int
	tenant string
	wrong  string // the first fault
	facts  []*fact
}

func (c *trial) over() bool { return c.wrong != "" }

func (c *trial) fail(format string, args ...any) {
	if !c.over() {
		c.wrong = fmt.Sprintf(format, args...)
	}
}

// each calls do with each case that is not over.
func each(cases []*trial, do func(c *trial)) {
	for _, c := range cases {
		if !c.over() {
			do(c)
		}
	}
}

// requester sends requests.
type requester struct{ client http.Client }

// reply is the answer to a request. The members are those that this package looks at, of whatever answer.
type reply struct {
	status int
	body   []byte

	ID       string          `json:"id"`
	Code     string          `json:"code"`
	Data     json.RawMessage `json:"data"`
	Tags     json.RawMessage `json:"tags"`
	FadesAt  *time.Time      `json:"fadesAt"`
	Recalls  int             `json:"accessCount"`
	Created  string          `json:"createdAt"`
	Receipt  json.RawMessage `json:"receipt"`
	Key      string          `json:"key"`
	Fading   int             `json:"fading"`
	Complete bool            `json:"complete"`
	Meaning  string          `json:"meaning"`
	Memories json.RawMessage `json:"memories"` // a list, or in stats a number
	Removed  []reply         `json:"removed"`
	Memory   *reply          `json:"memory"`
	Hits     []reply         `json:"hits"`
	Events   []event         `json:"events"`
}

type event struct {
	Kind       string    `json:"kind"`
	ID         string    `json:"id"`
	Time       time.Time `json:"time"`
	Arithmetic struct {
		FadesAt *time.Time `json:"fadesAt"`
	} `json:"arithmetic"`
}

// do sends a request as a tenant.
func (s *suite) do(tenant, method, path, body string) (r reply) {
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.stage.URL()+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Sigil-Tenant", tenant)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := s.http.client.Do(request)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer answer.Body.Close()
	if r.body, err = io.ReadAll(answer.Body); err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	if len(r.body) > 0 && json.Unmarshal(r.body, &r) != nil {
		s.t.Fatalf("%s %s: %d %s", method, path, answer.StatusCode, r.body)
	}
	r.status = answer.StatusCode
	return r
}

func (c *trial) do(method, path, body string) reply {
	return c.suite.do(c.tenant, method, path, body)
}

// must sends a request that must be answered with 2xx.
func (c *trial) must(method, path, body string) reply {
	r := c.do(method, path, body)
	if r.status/100 != 2 {
		c.fail("%s %s: %d %s", method, path, r.status, r.body)
	}
	return r
}

// refused sends a request that must not be answered with 2xx, nor with a failure of the daemon.
func (c *trial) refused(method, path, body string) {
	if r := c.do(method, path, body); r.status/100 != 4 {
		c.fail("%s %s of what is not there: %d %s", method, path, r.status, r.body)
	}
}

// restart restarts the daemon, and waits until it searches all that there is.
func (s *suite) restart() {
	s.stage.Restart()
	s.do("public", "POST", "/v1/clock:confirm", "")
	for begin := time.Now(); ; {
		r := s.do("public", "POST", "/v1/sigils:search", `{"query":"anything"}`)
		if r.Complete && r.Meaning == "ready" {
			return
		}
		if time.Since(begin) > time.Minute {
			s.t.Fatalf("the index is not complete a minute after the start: %s", r.body)
		}
	}
}

func (s *suite) sweep() {
	if r := s.do("public", "POST", "/v1/sweeps/decay", ""); r.status != http.StatusOK {
		s.t.Fatalf("sweep: %d %s", r.status, r.body)
	}
}

// encode encodes a fact, with further members of the body.
func (c *trial) encode(f *fact, more string) *fact {
	body := fmt.Sprintf(`{"data":{"fact":%q},"tags":["case","topic-%d"]%s}`, f.text, f.topic, more)
	r := c.must("POST", "/v1/sigils", body)
	f.id, f.was = r.ID, r
	c.facts = append(c.facts, f)
	return f
}

// found returns the ids that a search finds.
func (c *trial) found(query string) (ids []string) {
	body, err := json.Marshal(map[string]any{"query": query, "limit": 100})
	if err != nil {
		c.suite.t.Fatal(err)
	}
	for _, hit := range c.must("POST", "/v1/sigils:search", string(body)).Hits {
		ids = append(ids, hit.Memory.ID)
	}
	return ids
}

// listed returns the ids of the tenant's memories.
func (c *trial) listed(path string) (ids []string) {
	r := c.must("GET", path, "")
	all := r.Removed
	if r.Memories != nil {
		if err := json.Unmarshal(r.Memories, &all); err != nil {
			c.fail("GET %s: %v: %s", path, err, r.body)
		}
	}
	for _, m := range all {
		if m.Memory != nil {
			m = *m.Memory
		}
		ids = append(ids, m.ID)
	}
	return ids
}

// there checks that a fact is given as it was encoded, by its id, by words, and in a list.
func (c *trial) there(f *fact) {
	r := c.must("GET", "/v1/sigils/"+f.id, "")
	switch {
	case !bytes.Equal(r.Data, f.was.Data) || !bytes.Equal(r.Tags, f.was.Tags) || r.Created != f.was.Created:
		c.fail("%q is not as it was: %s", f.text, r.body)
	case !slices.Contains(c.found(f.ask), f.id):
		c.fail("%q is not found by %q", f.text, f.ask)
	case !slices.Contains(c.found(f.paraphrase), f.id):
		c.fail("%q is not found by %q", f.text, f.paraphrase)
	case !slices.Contains(c.listed("/v1/sigils?limit=100"), f.id):
		c.fail("%q is not listed", f.text)
	}
}

// gone checks that a fact is not given by any read.
func (c *trial) gone(f *fact) {
	path := "/v1/sigils/" + f.id
	c.refused("GET", path, "")
	c.refused("POST", path+":recall", "")
	c.refused("GET", path+"/related", "")
	c.refused("POST", path+":pin", "")
	for _, query := range []string{f.ask, f.paraphrase, f.text, `"` + f.value + `"`} {
		if slices.Contains(c.found(query), f.id) {
			c.fail("%q is found by %q", f.text, query)
		}
	}
	for _, path := range []string{"/v1/sigils?limit=100", "/v1/sigils?limit=100&tag=case", "/v1/sigils?limit=100&q=" + url.QueryEscape(f.value)} {
		if slices.Contains(c.listed(path), f.id) {
			c.fail("%q is in %s", f.text, path)
		}
	}
	if r := c.do("POST", "/v1/sigils:recall", fmt.Sprintf(`{"ids":[%q]}`, f.id)); bytes.Contains(r.body, []byte(f.value)) {
		c.fail("a recall of many gives %q", f.text)
	}
}

// journaled returns the entries about a memory, in order.
func (c *trial) journaled(id string) (events []event) {
	for _, e := range c.must("GET", "/v1/events?limit=1000", "").Events {
		if e.ID == id {
			events = append(events, e)
		}
	}
	return events
}
