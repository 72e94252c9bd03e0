package imports

import (
	"bufio"
	"fmt"
	"hash/maphash"

	"github.com/go-json-experiment/json/jsontext"
)

// graph is what must be remembered of an MCP memory file: which entities it has, by hash, and the relations that name others, since an
// entity may come after its relation.
type graph struct {
	w        *out
	seed     maphash.Seed
	entities map[uint64]bool
	dangling []dangling
}

type dangling struct {
	place    string
	from, to uint64
}

const (
	reasonNoEntity      = "relation to an entity that is not in the file: it is kept"
	reasonTwice         = "entity whose name occurred before: it is kept, too"
	reasonNoObservation = "entity without observations: its name and type are kept"
)

// readMCPMemory reads the file of the MCP reference memory server: a line for each entity and each relation. Each observation becomes
// a memory, and each relation.
func readMCPMemory(w *out, s *Source) error {
	g := &graph{w: w, seed: maphash.MakeSeed(), entities: map[uint64]bool{}}
	_, err := s.each(func(string) bool { return false }, func(in *bufio.Reader, _ string) error {
		return lines(in, func(line jsontext.Value, n int) error {
			return g.line(line, fmt.Sprintf("line %d", n))
		}, func(n int, reason string) error { return w.left(fmt.Sprintf("line %d", n), reason) })
	})
	if err != nil {
		return err
	}
	for _, d := range g.dangling {
		if g.entities[d.from] && g.entities[d.to] {
			continue
		}
		if err := w.note(d.place, reasonNoEntity); err != nil {
			return err
		}
	}
	return nil
}

func (g *graph) line(line jsontext.Value, place string) error {
	r, problem := parse(line)
	if problem != "" {
		return g.w.left(place, problem)
	}
	switch kind := r.text("type"); kind {
	case "entity":
		return g.entity(r, place)
	case "relation":
		return g.relation(r, place)
	case "":
		return g.w.left(place, "a line without a type")
	default:
		return g.w.left(place, "a line whose type is neither entity nor relation")
	}
}

func (g *graph) hash(name string) uint64 { return maphash.String(g.seed, name) }

func (g *graph) entity(r *record, place string) error {
	name := r.text("name")
	if name == "" {
		return g.w.left(place, "an entity without a name")
	}
	if h := g.hash(name); g.entities[h] {
		if err := g.w.note(place, reasonTwice); err != nil {
			return err
		}
	} else {
		g.entities[h] = true
	}
	observations := list(r.values["observations"])
	if observations != nil || !r.has("observations") {
		r.drop("observations")
	} else if err := g.w.note(place, "entity whose observations are not a list: they are in the data, as source.observations"); err != nil {
		return err
	}
	source := r.source(MCPMemory)
	source["entity"] = name
	if len(observations) == 0 {
		if err := g.w.note(place, reasonNoObservation); err != nil {
			return err
		}
		text := name
		if kind, ok := r.string(r.values["entityType"]); ok && kind != "" {
			text = name + " (" + kind + ")"
		}
		return g.w.finish(r, &content{Text: text, Source: source}, Memory{ID: name, Place: place})
	}
	for i, o := range observations {
		at := fmt.Sprintf("%s, observation %d", place, i+1)
		text, ok := r.string(o)
		if !ok || text == "" {
			if err := g.w.left(at, "an observation that is not a text"); err != nil {
				return err
			}
			continue
		}
		if err := g.w.finish(r, &content{Text: text, Source: source}, Memory{ID: name, Place: at}); err != nil {
			return err
		}
		r.replaced = false
	}
	return nil
}

func (g *graph) relation(r *record, place string) error {
	from, kind, to := r.text("from"), r.text("relationType"), r.text("to")
	if from == "" || to == "" || kind == "" {
		return g.w.left(place, "a relation without from, to or relationType")
	}
	if a, b := g.hash(from), g.hash(to); !g.entities[a] || !g.entities[b] {
		g.dangling = append(g.dangling, dangling{place, a, b})
	}
	source := r.source(MCPMemory)
	source["from"], source["relationType"], source["to"] = from, kind, to
	return g.w.finish(r, &content{Text: from + " " + kind + " " + to, Source: source}, Memory{Place: place})
}
