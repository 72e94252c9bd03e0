package imports

import (
	"bufio"
	"encoding/json"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sigil-dna/sigil"
)

// reasonNew is what an import cannot bring back of a memory of Sigil.
const reasonNew = "gets a new id; its age and its recalls start anew, under the daemon's own policy"

// readExported reads what sigil export and sigil list --json write, a memory on each line, and an array of these.
func readExported(w *out, s *Source) error {
	memories := 0
	one := func(v jsontext.Value, place string) error {
		switch lineOf(v) {
		case "export", "end": // header and footer
			return nil
		case "crystal":
			return w.left(place, "a crystal of a pattern: the daemon derives it again")
		case "version":
			return w.left(place, "a former version of a memory: import without --as-new brings it back")
		case "policy":
			return w.left(place, "a policy of a tenant: import without --as-new brings it back")
		case "signature":
			return w.left(place, "a signature of code: import without --as-new brings it back")
		}
		m, problem := exported(v)
		if problem != "" {
			return w.left(place, problem)
		}
		m.Place = place
		if m.Ends.IsZero() || m.Ends.After(w.now) {
			memories++
		}
		return w.memory(m)
	}
	_, err := s.each(func(string) bool { return false }, func(in *bufio.Reader, _ string) error {
		if begin(in).array {
			p := newParser(in)
			err := p.array(func(n int) error {
				v, err := p.value()
				if err != nil {
					return err
				}
				return one(v, fmt.Sprintf("element %d", n))
			})
			if err != nil {
				return err
			}
			return p.ends()
		}
		return lines(in, func(line jsontext.Value, n int) error { return one(line, fmt.Sprintf("line %d", n)) },
			func(n int, reason string) error { return w.left(fmt.Sprintf("line %d", n), reason) })
	})
	if err != nil {
		return err
	}
	return w.counted(Changed, memories, reasonNew)
}

// lineOf returns which kind of line of an export v is, or "".
func lineOf(v jsontext.Value) string {
	var line struct {
		Sigil string `json:"sigil"`
	}
	_ = json.Unmarshal(v, &line) // what is no object is reported later
	return line.Sigil
}

// exported reads a memory. problem is why it cannot be, or "".
func exported(line jsontext.Value) (m Memory, problem string) {
	r, problem := parse(line)
	if problem != "" {
		return m, problem
	}
	const none = "not a memory as sigil export writes it"
	for _, name := range []string{"id", "tenant", "createdAt", "lastAccessed", "fadesAt", "ttl", "pinned", "policy"} {
		if _, found := r.values[name]; !found {
			return m, none
		}
	}
	if m.Data = json.RawMessage(r.values["data"]); m.Data == nil {
		return m, "a memory without its data"
	}
	m.ID, m.Tenant, m.Tags = r.text("id"), r.text("tenant"), r.texts("tags")
	m.Pinned = string(r.values["pinned"]) == "true"
	if v := r.values["state"]; v != nil {
		var state sigil.State
		if json.Unmarshal(v, &state) != nil {
			return m, "a memory whose state is wrong"
		}
		if !isDefault(&state) {
			m.State = &state
		}
	}
	if v := r.values["vector"]; v != nil && json.Unmarshal(v, &m.Vector) != nil {
		return m, "a memory whose vector is wrong"
	}
	if r.has("ttl") {
		created, ok := r.time("createdAt")
		ttl, err := sigil.ParseDuration(r.text("ttl"))
		if !ok || err != nil {
			return m, "a memory whose ttl is wrong"
		}
		m.Ends = created.Add(ttl)
	}
	if v := r.values["stretch"]; v != nil {
		var stretch float64
		policy, err := sigil.ParsePolicy(r.text("policy"))
		if err != nil || json.Unmarshal(v, &stretch) != nil || !(stretch > 0) {
			return m, "a memory whose stretch or policy is wrong"
		}
		m.Life = min(sigil.LifetimeOf(sigil.Unbounded(policy), stretch), sigil.MaxTTL)
	}
	return m, ""
}

// isDefault reports whether a state is what an encode without one gets.
func isDefault(s *sigil.State) bool {
	return s.Phi == 0.5 && s.Coherence == 0.5 && s.Awareness == 0.5 && s.EmotionalResonance == 0.5 && s.Extra == nil
}
