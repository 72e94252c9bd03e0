package main

import (
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
)

// questioned is what a folder has for measuring search: memories, and questions with what is relevant to each.
type questioned struct {
	groups    map[string]*corpus
	questions []question
}

// corpus has the memories of a tenant.
type corpus struct {
	name string
	ids  []string
	data []json.RawMessage // what Sigil is given: a JSON object each
	text []string          // what peers are given: the strings in that object, a line each
}

type question struct {
	Group    string
	Query    string
	Relevant map[string]float64 // grades by id, all over 0
}

// sorted returns the groups in the order of their names.
func (all *questioned) sorted() []*corpus {
	return slices.SortedFunc(maps.Values(all.groups), func(a, b *corpus) int { return strings.Compare(a.name, b.name) })
}

// readQuestioned reads memories.jsonl (group, id, and what is kept: all other members) and questions.jsonl (group,
// query, relevant: grades by id).
func readQuestioned(folder string) (*questioned, error) {
	all := &questioned{groups: map[string]*corpus{}}
	if err := eachLine(filepath.Join(folder, "memories.jsonl"), all.addMemory); err != nil {
		return nil, err
	}
	if err := eachLine(filepath.Join(folder, "questions.jsonl"), all.addQuestion); err != nil {
		return nil, err
	}
	if len(all.questions) == 0 {
		return nil, fmt.Errorf("%s has no questions", folder)
	}
	return all, nil
}

func (all *questioned) addMemory(line json.RawMessage) error {
	var members map[string]json.RawMessage
	var head struct{ Group, ID string }
	if err := errors.Join(json.Unmarshal(line, &members), json.Unmarshal(line, &head)); err != nil {
		return err
	}
	if head.Group == "" || head.ID == "" {
		return errors.New("a memory needs a group and an id")
	}
	delete(members, "group")
	delete(members, "id")
	data, err := json.Marshal(members)
	if err != nil {
		return err
	}
	g := all.groups[head.Group]
	if g == nil {
		g = &corpus{name: head.Group}
		all.groups[head.Group] = g
	}
	var text []string
	for _, key := range slices.Sorted(maps.Keys(members)) {
		var s string
		if json.Unmarshal(members[key], &s) == nil { // otherwise it is no string
			text = append(text, s)
		}
	}
	g.ids, g.data, g.text = append(g.ids, head.ID), append(g.data, data), append(g.text, strings.Join(text, "\n"))
	return nil
}

func (all *questioned) addQuestion(line json.RawMessage) error {
	var q question
	if err := json.Unmarshal(line, &q); err != nil {
		return err
	}
	maps.DeleteFunc(q.Relevant, func(_ string, grade float64) bool { return grade <= 0 })
	g := all.groups[q.Group]
	if g == nil || len(q.Relevant) == 0 {
		return fmt.Errorf("the question %q needs a group with memories, and what is relevant", q.Query)
	}
	for id := range q.Relevant {
		if !slices.Contains(g.ids, id) {
			return fmt.Errorf("the question %q names %q, which is not in its group", q.Query, id)
		}
	}
	all.questions = append(all.questions, q)
	return nil
}

// eachLine calls read with each JSON value of a file.
func eachLine(path string, read func(json.RawMessage) error) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	for d := json.NewDecoder(f); ; {
		var line json.RawMessage
		err := d.Decode(&line)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = read(line)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
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

// ndcgOf returns the sum of the grades of the hits, each divided by the logarithm of its rank, relative to that of the
// best order.
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
