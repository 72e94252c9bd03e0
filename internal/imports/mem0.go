package imports

import (
	"bufio"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// suspicious is the number of records at which mem0's get_all stops unless it is told otherwise.
const suspicious = 20

const (
	openMemoryLines  = "memories.jsonl.gz"
	openMemoryTables = "memories.json"
)

func isOpenMemory(base string) bool { return base == openMemoryLines || base == openMemoryTables }

// mem0 reads records of mem0.
type mem0 struct {
	w          *out
	archive    bool // OpenMemory's export
	records    int
	categories map[string]string // names by id, of OpenMemory's tables
}

// readMem0 reads what mem0's get_all and search return (an object with results), a list of records, one record a line, and OpenMemory's
// export.
func readMem0(w *out, s *Source) error {
	m := &mem0{w: w, archive: s.archive != nil}
	only := func(base string) bool { return base == openMemoryTables }
	if s.archive != nil {
		for _, f := range s.archive.File {
			if strings.HasSuffix(f.Name, openMemoryLines) { // has the same records, with the names of their categories and apps
				only = func(base string) bool { return base == openMemoryLines }
			}
		}
	}
	if _, err := s.each(only, m.read); err != nil {
		return err
	}
	if s.archive != nil {
		return w.note(openMemoryTables, "users, apps, access rules and the history of states are not memories")
	}
	if m.records == suspicious {
		return w.note("", "exactly 20 records: mem0's get_all stops there unless it is given a higher limit, so there may be more")
	}
	return nil
}

func (m *mem0) read(in *bufio.Reader, place string) error {
	begins := begin(in)
	if !begins.array && (begins.any("memory", "content", "text") || len(begins.names) == 0) {
		return lines(in, func(line jsontext.Value, n int) error {
			return m.record(line, fmt.Sprintf("%sline %d", place, n))
		}, func(n int, reason string) error { return m.w.left(fmt.Sprintf("%sline %d", place, n), reason) })
	}
	p := newParser(in)
	each := func(name string, do func(v jsontext.Value, at string) error) error {
		return p.elements(func() error { return m.w.left(place+name, "not a list") }, func(n int) error {
			v, err := p.value()
			if err != nil {
				return err
			}
			return do(v, fmt.Sprintf("%s%s %d", place, name, n))
		})
	}
	if begins.array {
		if err := each("record", m.record); err != nil {
			return err
		}
		return p.ends()
	}
	err := p.object(func(name string) error {
		switch name {
		case "results", "memories":
			return each(name, m.record)
		case "relations":
			return each(name, m.relation)
		case "categories":
			return each(name, m.category)
		case "count", "total", "page", "pages", "size": // of a page
			return p.skip()
		case "next", "previous":
			v, err := p.value()
			if err == nil && v.Kind() == '"' {
				err = m.w.note(place+name, "this is one page of several: import the others, too")
			}
			return err
		}
		err := p.skip()
		if err == nil && !m.archive { // what the tables of an archive have is said at the end
			err = m.w.left(place+name, "a member that is not read: memories are in results, memories and relations")
		}
		return err
	})
	if err != nil {
		return err
	}
	return p.ends()
}

// category remembers the name of a category of OpenMemory, which comes before the memories.
func (m *mem0) category(v jsontext.Value, place string) error {
	r, problem := parse(v)
	if problem != "" {
		return m.w.left(place, problem)
	}
	if m.categories == nil {
		m.categories = map[string]string{}
	}
	if id := r.text("id"); id != "" && len(m.categories) < 10_000 {
		m.categories[id] = r.text("name")
	}
	return nil
}

func (m *mem0) record(v jsontext.Value, place string) error {
	m.records++
	r, problem := parse(v)
	if problem != "" {
		return m.w.left(place, problem)
	}
	text := r.text("memory", "content", "text", "data")
	if text == "" {
		return m.w.left(place, "a record without a text")
	}
	state, _ := r.string(r.values["state"])
	if state == "deleted" || r.has("deleted_at") {
		return m.w.left(place, "deleted there")
	}
	c := &content{Text: text, CreatedAt: r.when("created_at", "createdAt")}
	found := Memory{ID: r.text("id"), Place: place}
	if end, ok := r.time("expiration_date"); ok {
		if len(r.values["expiration_date"]) == len(`"2006-01-02"`) { // that whole day
			end = end.Add(24 * time.Hour)
		}
		found.Ends = end
	}
	if state == "archived" || state == "paused" {
		if err := m.w.note(place, "archived or paused there: it is kept, and its data has source.state"); err != nil {
			return err
		}
	}
	labels := r.texts("categories")
	for _, id := range r.texts("category_ids") {
		if name := m.categories[id]; name != "" {
			id = name
		}
		labels = append(labels, id)
	}
	r.drop("hash", "score") // of the text, and of a search
	c.Source = r.source(Mem0)
	if found.ID != "" {
		c.Source["id"] = found.ID
	}
	var changed bool
	if found.Tags, changed = tags(labels, c.Source); changed {
		if err := m.w.changed(place, reasonTags); err != nil {
			return err
		}
	}
	return m.w.finish(r, c, found)
}

// relation reads an edge of mem0's graph.
func (m *mem0) relation(v jsontext.Value, place string) error {
	r, problem := parse(v)
	if problem != "" {
		return m.w.left(place, problem)
	}
	from, kind, to := r.text("source"), r.text("relationship", "relation"), r.text("target", "destination")
	if from == "" || kind == "" || to == "" {
		return m.w.left(place, "a relation without source, relationship or target")
	}
	source := r.source(Mem0)
	source["from"], source["relationship"], source["to"] = from, kind, to
	return m.w.finish(r, &content{Text: from + " " + kind + " " + to, Source: source}, Memory{Place: place})
}
