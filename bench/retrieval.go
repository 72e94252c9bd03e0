package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// retrievalDepth is how many hits of a question count.
const retrievalDepth = 10

// finder returns the ids of the first hits of a question, best first, at most retrievalDepth.
type finder func(ctx context.Context, g *corpus, query string) ([]string, error)

// contender is a program whose search is measured, in one or more ways.
type contender struct {
	ways []string // the names of the ways in the table
	// open indexes all groups. It returns a finder for each way.
	open func(context.Context, *questioned) ([]finder, io.Closer, error)
}

// quality is the mean over the questions of one kind.
type quality struct {
	questions    int
	recall, ndcg float64
}

// wanted are the least figures that Sigil is to reach, by the kind of questions and its way; 0 means none.
var wanted = map[string]map[string]quality{
	"locomo":    {wordsAlone: {recall: 0.62, ndcg: 0.49}, byDefault: {recall: 0.68, ndcg: 0.53}},
	"cranfield": {wordsAlone: {ndcg: 0.44}, byDefault: {ndcg: 0.45}},
}

// retrieval measures how well the memories that are relevant to the questions in a folder are found, and writes the
// table.
func (b *bench) retrieval(ctx context.Context, folder, docs string) (err error) {
	all, err := readQuestioned(folder)
	if err != nil {
		return err
	}
	if err := b.begin(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.end()) }()
	contenders, end, err := b.contenders()
	if err != nil {
		return err
	}
	defer end()
	rows := table{{"questions", "", fmt.Sprintf("recall@%d", retrievalDepth), fmt.Sprintf("nDCG@%d", retrievalDepth), "target"}}
	for _, c := range contenders {
		fmt.Println(c.ways[0])
		found, err := c.measure(ctx, all)
		if err != nil {
			return fmt.Errorf("%s: %w", c.ways[0], err)
		}
		for i, way := range c.ways {
			for kind, q := range found[i] {
				rows = append(rows, []string{
					fmt.Sprintf("%s, %d", kind, q.questions), way, fmt.Sprintf("%.3f", q.recall), fmt.Sprintf("%.3f", q.ndcg), q.say(kind, way),
				})
			}
		}
	}
	slices.SortStableFunc(rows[1:], func(a, b []string) int { return cmp.Compare(a[0], b[0]) })
	block := fmt.Sprintf("%s\n%s: %s, %s.\n", rows, time.Now().Format(time.DateOnly), firstLine(b.sigil, "version"), retrievalVersions())
	fmt.Println(block)
	return write(docs, "retrieval", block)
}

// measure asks all questions, and returns for each way what was found by the kind of their groups.
func (c *contender) measure(ctx context.Context, all *questioned) (found []map[string]quality, err error) {
	finders, open, err := c.open(ctx, all)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, open.Close()) }()
	for _, find := range finders {
		kinds := map[string]quality{}
		for _, q := range all.questions {
			ids, err := find(ctx, all.groups[q.Group], q.Query)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", q.Query, err)
			}
			if distinct := slices.Compact(slices.Sorted(slices.Values(ids))); len(distinct) < len(ids) || len(ids) > retrievalDepth {
				return nil, fmt.Errorf("%q: found %d, of which %d are distinct", q.Query, len(ids), len(distinct))
			}
			kind, _, _ := strings.Cut(q.Group, "-")
			k := kinds[kind]
			kinds[kind] = quality{k.questions + 1, k.recall + recallOf(ids, q.Relevant), k.ndcg + ndcgOf(ids, q.Relevant)}
		}
		for kind, k := range kinds {
			kinds[kind] = quality{k.questions, k.recall / float64(k.questions), k.ndcg / float64(k.questions)}
		}
		found = append(found, kinds)
	}
	return found, nil
}

// say returns the targets of questions of a kind and whether they are met, or "" if there are none.
func (q quality) say(kind, way string) string {
	for name, w := range wanted[kind] {
		if !strings.HasPrefix(way, "Sigil") || !strings.HasSuffix(way, name) {
			continue
		}
		var said []string
		if w.recall > 0 {
			said = append(said, "recall "+atLeast(w.recall).say(spread{median: q.recall}))
		}
		return strings.Join(append(said, "nDCG "+atLeast(w.ndcg).say(spread{median: q.ndcg})), "; ")
	}
	return ""
}
