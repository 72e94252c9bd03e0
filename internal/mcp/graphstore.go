package mcp

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

// A graph is kept as memories that are only added and forgotten, never rewritten: one for each entity, one for its type, and
// one for each observation and each relation. So calls at the same time do not undo each other. No two have the same
// content, and that of an entity is only its name: of several calls that create it, one does. All are pinned: a graph
// does not fade.
//
// Each has the tag graphTag, the tag of its kind, and a tag for each name of an entity in it. An entity has a tag of its
// creation, too, which its type and observations have in their contents. So observations of an entity that was deleted do
// not come back with its name.
const (
	graphTag       = "mcp:graph"
	entityTag      = "mcp:entity"
	typeTag        = "mcp:type"
	observationTag = "mcp:observation"
	relationTag    = "mcp:relation"
	creationPrefix = "mcp:creation:"
)

func short(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// nameTag returns the tag of an entity's name, which may be longer than a tag.
func nameTag(name string) string {
	return "mcp:name:" + short(name)
}

// graphFact is what one of these memories says. Only the members of its kind are set.
type graphFact struct {
	Name         string `json:"name,omitempty"`
	EntityType   string `json:"entityType,omitempty"`
	Observation  string `json:"observation,omitempty"`
	Creation     string `json:"creation,omitempty"`
	From         string `json:"from,omitempty"`
	To           string `json:"to,omitempty"`
	RelationType string `json:"relationType,omitempty"`
}

func (f *graphFact) relation() relation { return relation{f.From, f.To, f.RelationType} }

// kept is a memory of a graph.
type kept struct {
	graphFact

	id   sigil.ID
	kind string // one of the tags
}

// load returns the memories that have all these tags, oldest first.
func (s *Server) load(ctx context.Context, c call, tags ...string) (all []kept, err error) {
	q := engine.ListQuery{Limit: s.engine.Limits().Page, Tags: tags}
	for {
		page, err := s.engine.List(ctx, c.tenant, q)
		if err != nil {
			return nil, err
		}
		for i := range page.Memories {
			m := &page.Memories[i]
			k := kept{id: m.ID}
			if json.Unmarshal(m.Data, &k.graphFact) != nil {
				continue // another program has used our tags
			}
			for _, tag := range m.Tags {
				switch creation, ok := strings.CutPrefix(tag, creationPrefix); {
				case ok:
					k.Creation = creation
				case tag == entityTag, tag == typeTag, tag == observationTag, tag == relationTag:
					k.kind = tag
				}
			}
			all = append(all, k)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	slices.SortFunc(all, func(a, b kept) int { return cmp.Compare(a.id.String(), b.id.String()) })
	return all, nil
}

// assemble returns the graph of memories that are in order.
func assemble(all []kept) graph {
	g := graph{Entities: []entity{}, Relations: []relation{}}
	at := map[string]int{} // place by creation
	for i := range all {
		if k := &all[i]; k.kind == entityTag {
			at[k.Creation] = len(g.Entities)
			g.Entities = append(g.Entities, entity{Name: k.Name, Observations: []string{}})
		}
	}
	for i := range all {
		k := &all[i]
		place, there := at[k.Creation]
		switch {
		case k.kind == relationTag:
			g.Relations = append(g.Relations, k.relation())
		case k.kind == typeTag && there:
			g.Entities[place].EntityType = k.EntityType
		case k.kind == observationTag && there:
			g.Entities[place].Observations = append(g.Entities[place].Observations, k.Observation)
		}
	}
	return g
}

// creationOf returns the creation of the entity of a name, or "".
func (s *Server) creationOf(ctx context.Context, c call, name string) (string, error) {
	all, err := s.load(ctx, c, entityTag, nameTag(name))
	for i := range all {
		if all[i].Name == name {
			return all[i].Creation, err
		}
	}
	return "", err
}

// draftOf returns the draft of a fact, whose kind is a tag, about names.
func draftOf(f graphFact, kind string, names ...string) (sigil.Draft, error) {
	data, err := json.Marshal(f)
	d := sigil.Draft{Data: data, Pinned: true, OnDuplicate: sigil.Reject, Tags: []string{graphTag, kind}}
	for _, name := range names {
		if tag := nameTag(name); !slices.Contains(d.Tags, tag) {
			d.Tags = append(d.Tags, tag)
		}
	}
	return d, err
}

// encode encodes drafts in one commit, if they are no more than fit into one, and reports of each whether it is new.
func (s *Server) encode(ctx context.Context, c call, drafts []sigil.Draft) (isNew []bool, err error) {
	for part := range slices.Chunk(drafts, s.engine.Limits().Batch) {
		results, err := s.engine.EncodeBatch(ctx, c.tenant, part)
		if err != nil {
			return nil, err
		}
		for i := range results {
			if err := results[i].Err; err != nil && sigil.CodeOf(err) != "duplicate" {
				return nil, err
			}
			isNew = append(isNew, results[i].Err == nil)
		}
	}
	return isNew, nil
}

// createEntities creates the entities whose names are new, and returns them.
func (s *Server) createEntities(ctx context.Context, c call, list []entity) ([]entity, error) {
	created, prefix := []entity{}, cmp.Or(c.key, rand.Text())
	for i, e := range list {
		// Under an idempotency key, a call that is repeated finds what it has created.
		own := short(fmt.Sprintf("%s %d", prefix, i))
		there, err := s.creationOf(ctx, c, e.Name)
		if err != nil {
			return created, err
		}
		if there == "" {
			if there, err = s.createEntity(ctx, c, e, own); err != nil {
				return created, err
			}
		}
		if there == own {
			e.Observations = append([]string{}, e.Observations...)
			created = append(created, e)
		}
	}
	return created, nil
}

// createEntity creates an entity unless its name exists by now, and returns the creation of the one that does.
func (s *Server) createEntity(ctx context.Context, c call, e entity, own string) (creation string, err error) {
	d, err := draftOf(graphFact{Name: e.Name}, entityTag, e.Name)
	d.Tags = append(d.Tags, creationPrefix+own)
	drafts := []sigil.Draft{d}
	add := func(f graphFact, kind string) {
		d, wrong := draftOf(f, kind, e.Name)
		drafts, err = append(drafts, d), errors.Join(err, wrong)
	}
	add(graphFact{Name: e.Name, EntityType: e.EntityType, Creation: own}, typeTag)
	for _, text := range e.Observations {
		add(graphFact{Name: e.Name, Observation: text, Creation: own}, observationTag)
	}
	if err != nil {
		return "", err
	}
	isNew, err := s.encode(ctx, c, drafts)
	if err != nil || isNew[0] {
		return own, err
	}
	// Another call has created it at the same time. What was added to this one is not seen, and goes.
	if creation, err = s.creationOf(ctx, c, e.Name); err != nil || creation == own {
		return creation, err
	}
	return creation, s.remove(ctx, c, func(k *kept) bool { return k.Creation == own }, graphTag, nameTag(e.Name))
}

// createRelations creates the relations that are new, and returns them.
func (s *Server) createRelations(ctx context.Context, c call, list []relation) ([]relation, error) {
	drafts := make([]sigil.Draft, len(list))
	for i, r := range list {
		var err error
		if drafts[i], err = draftOf(graphFact{From: r.From, To: r.To, RelationType: r.RelationType}, relationTag, r.From, r.To); err != nil {
			return nil, err
		}
	}
	created := []relation{}
	isNew, err := s.encode(ctx, c, drafts)
	for i := range isNew {
		if isNew[i] {
			created = append(created, list[i])
		}
	}
	return created, err
}

// addObservations adds the observations that their entities do not have, and returns them. If one of the entities does not
// exist, nothing is added.
func (s *Server) addObservations(ctx context.Context, c call, list []observed) ([]added, error) {
	var drafts []sigil.Draft
	for _, o := range list {
		creation, err := s.creationOf(ctx, c, o.EntityName)
		if err != nil {
			return nil, err
		}
		if creation == "" {
			return nil, sigil.NewInvalid("unknown_entity", "", fmt.Sprintf("Entity with name %s not found", o.EntityName))
		}
		for _, text := range o.Contents {
			d, err := draftOf(graphFact{Name: o.EntityName, Observation: text, Creation: creation}, observationTag, o.EntityName)
			if err != nil {
				return nil, err
			}
			drafts = append(drafts, d)
		}
	}
	isNew, err := s.encode(ctx, c, drafts)
	if err != nil {
		return nil, err
	}
	results := make([]added, len(list))
	for i, o := range list {
		results[i] = added{EntityName: o.EntityName, AddedObservations: []string{}}
		for _, text := range o.Contents {
			if isNew[0] {
				results[i].AddedObservations = append(results[i].AddedObservations, text)
			}
			isNew = isNew[1:]
		}
	}
	return results, nil
}

// remove forgets the memories with these tags that are unwanted.
func (s *Server) remove(ctx context.Context, c call, unwanted func(*kept) bool, tags ...string) error {
	all, err := s.load(ctx, c, tags...)
	if err != nil {
		return err
	}
	for i := range all {
		if !unwanted(&all[i]) {
			continue
		}
		if err := s.engine.Forget(ctx, sigil.Key{Tenant: c.tenant, ID: all[i].id}); err != nil && !errors.Is(err, sigil.ErrNotFound) && !errors.Is(err, sigil.ErrGone) {
			return err
		}
	}
	return nil
}

// deleteEntities deletes entities, with their observations and relations.
func (s *Server) deleteEntities(ctx context.Context, c call, names []string) error {
	for _, name := range names {
		has := func(k *kept) bool { return k.Name == name || k.kind == relationTag && (k.From == name || k.To == name) }
		if err := s.remove(ctx, c, has, graphTag, nameTag(name)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) deleteObservations(ctx context.Context, c call, list []deletion) error {
	for _, d := range list {
		has := func(k *kept) bool { return k.Name == d.EntityName && slices.Contains(d.Observations, k.Observation) }
		if err := s.remove(ctx, c, has, observationTag, nameTag(d.EntityName)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) deleteRelations(ctx context.Context, c call, list []relation) error {
	for _, r := range list {
		if err := s.remove(ctx, c, func(k *kept) bool { return k.relation() == r }, relationTag, nameTag(r.From), nameTag(r.To)); err != nil {
			return err
		}
	}
	return nil
}
