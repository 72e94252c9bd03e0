package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// questioned is what a folder has for measuring search: memories, and questions with what is relevant to each.
type questioned struct {
	groups    []*corpus // each is a tenant of its own
	questions []question
}

type corpus struct {
	name string
	ids  []string
	data []json.RawMessage // a JSON object each
	text []string          // the strings of that object, for peers that index text
}

type question struct {
	Group    string
	Query    string
	Relevant map[string]float64 // grades by id
}

// retrievalDepth is how many hits of a question count.
const retrievalDepth = 10

// finds returns the ids of the first hits of a question, best first.
type finds func(ctx context.Context, g *corpus, query string) ([]string, error)

// contender is a program whose search is measured. open indexes all groups.
type contender struct {
	name string
	open func(context.Context, *questioned) (finds, io.Closer, error)
}

// quality is the mean over the questions of one kind.
type quality struct {
	questions    int
	recall, ndcg float64
}

// retrieval measures how well the memories that are relevant to the questions in a folder are found, and writes the table.
func (b *bench) retrieval(ctx context.Context, folder, docs string) (err error) {
	all, err := readQuestioned(folder)
	if err != nil {
		return err
	}
	if err := b.begin(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.end()) }()
	sides, end, err := b.contenders()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	rows := table{{"questions", "", fmt.Sprintf("recall@%d", retrievalDepth), fmt.Sprintf("nDCG@%d", retrievalDepth)}}
	for _, c := range sides {
		found, err := c.measure(ctx, all)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		for _, kind := range slices.Sorted(maps.Keys(found)) {
			q := found[kind]
			rows = append(rows, []string{fmt.Sprintf("%s, %d", kind, q.questions), c.name, fmt.Sprintf("%.3f", q.recall), fmt.Sprintf("%.3f", q.ndcg)})
		}
	}
	slices.SortStableFunc(rows[1:], func(a, b []string) int { return cmp.Compare(a[0], b[0]) })
	block := fmt.Sprintf("%s\n%s, %s.\n", rows, time.Now().UTC().Format(time.DateOnly), firstLine(b.sigil, "version"))
	fmt.Println(block)
	return write(docs, "retrieval", block)
}

// measure asks all questions, and returns what was found by the kind of their groups.
func (c *contender) measure(ctx context.Context, all *questioned) (_ map[string]quality, err error) {
	find, open, err := c.open(ctx, all)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, open.Close()) }()
	groups := map[string]*corpus{}
	for _, g := range all.groups {
		groups[g.name] = g
	}
	kinds := map[string]quality{}
	for _, q := range all.questions {
		ids, err := find(ctx, groups[q.Group], q.Query)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", q.Query, err)
		}
		kind, _, _ := strings.Cut(q.Group, "-")
		k := kinds[kind]
		k.questions++
		k.recall += recallOf(ids, q.Relevant)
		k.ndcg += ndcgOf(ids, q.Relevant)
		kinds[kind] = k
	}
	for kind, k := range kinds {
		kinds[kind] = quality{k.questions, k.recall / float64(k.questions), k.ndcg / float64(k.questions)}
	}
	return kinds, nil
}

// recallOf returns which part of what is relevant is among the hits.
func recallOf(ids []string, relevant map[string]float64) float64 {
	n := 0
	for _, id := range ids {
		if relevant[id] > 0 {
			n++
		}
	}
	return float64(n) / float64(len(relevant))
}

// ndcgOf returns the grades of the hits, each divided by the logarithm of its rank, divided by the same sum for the best order.
func ndcgOf(ids []string, relevant map[string]float64) float64 {
	var got, best float64
	for i, id := range ids {
		got += relevant[id] / math.Log2(float64(i+2))
	}
	grades := slices.Sorted(maps.Values(relevant))
	slices.Reverse(grades)
	for i, grade := range grades[:min(len(grades), retrievalDepth)] {
		best += grade / math.Log2(float64(i+2))
	}
	return got / best
}

// readQuestioned reads memories.jsonl (group, id, and what is kept: all other members) and questions.jsonl (group,
// query, relevant: grades by id).
func readQuestioned(folder string) (*questioned, error) {
	all := &questioned{}
	groups := map[string]*corpus{}
	err := eachLine(filepath.Join(folder, "memories.jsonl"), func(line json.RawMessage) error {
		var members map[string]any
		if err := json.Unmarshal(line, &members); err != nil {
			return err
		}
		name, _ := members["group"].(string)
		id, _ := members["id"].(string)
		if name == "" || id == "" {
			return errors.New("a memory needs a group and an id")
		}
		delete(members, "group")
		delete(members, "id")
		data, err := json.Marshal(members)
		if err != nil {
			return err
		}
		g := groups[name]
		if g == nil {
			g = &corpus{name: name}
			groups[name], all.groups = g, append(all.groups, g)
		}
		var text []string
		for _, key := range slices.Sorted(maps.Keys(members)) {
			if s, ok := members[key].(string); ok {
				text = append(text, s)
			}
		}
		g.ids, g.data, g.text = append(g.ids, id), append(g.data, data), append(g.text, strings.Join(text, "\n"))
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = eachLine(filepath.Join(folder, "questions.jsonl"), func(line json.RawMessage) error {
		var q question
		if err := json.Unmarshal(line, &q); err != nil {
			return err
		}
		maps.DeleteFunc(q.Relevant, func(_ string, grade float64) bool { return grade <= 0 })
		if groups[q.Group] == nil || len(q.Relevant) == 0 {
			return fmt.Errorf("the question %q needs a group with memories, and what is relevant", q.Query)
		}
		all.questions = append(all.questions, q)
		return nil
	})
	return all, err
}

// eachLine calls read with each JSON value of a file.
func eachLine(path string, read func(json.RawMessage) error) (err error) {
	f, err := os.Open(path) //nolint:gosec // the file that the caller of make retrieval names
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	for d := json.NewDecoder(f); ; {
		var line json.RawMessage
		if err := d.Decode(&line); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := read(line); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
}
