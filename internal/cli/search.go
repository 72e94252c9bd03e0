package cli

import (
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// defaultHits is the default number of hits.
const defaultHits = 10

func (a *app) search() *cobra.Command {
	p := paging{what: "hits"}
	var q client.SearchQuery
	var filter filterFlags
	var explain bool
	var vector, like string
	weights := weightFlags{}
	var since, before moment
	c := a.quietFlag(&cobra.Command{
		Use:   "search QUERY...",
		Short: "Find memories by what they say, best first",
		Long: `Search finds memories by the words of their strings, numbers and tags, and by what these mean,
best first. It refreshes none of them, unless --recall is set. A memory that means the same may
have none of the words; with --meaning 0, only words find. --like finds what is like a memory.

A query is words, of which any may match; more of them, and rarer ones, rank higher:
  "green tea"     a phrase (quoted for the shell: '"green tea"')
  -sugar          not this word; put -- before the query, which ends the flags
  ket*            words that begin so
  /note:attic     only in this part of the data, a JSON pointer
  tag:kitchen     only in tags

Each hit has its score, id, the time left and its tags, and below it where the words stand.
With --json it has them all, one hit a line. The filters can also be negated: --pinned=false.`,
		Example: `  sigil search kettle attic
  sigil search --tag kitchen --since 7d '"green tea"'
  sigil search -- tea -sugar
  sigil search --like 0198c5b4-2f6e-7cc1-b0a3-5d1e8f6a9c01
  sigil search --explain --limit 1 kettle
  sigil search --quiet --all tag:draft | xargs sigil forget --yes`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, noFiles
		},
		Args: func(_ *cobra.Command, args []string) error {
			if strings.TrimSpace(strings.Join(args, " ")) == "" && vector == "" && like == "" {
				return usageError("give words to search for")
			}
			return nil
		},
	})
	f := c.Flags()
	f.IntVar(&p.limit, "limit", defaultHits, "maximum `number` of hits")
	f.BoolVar(&p.all, "all", false, "all hits, at most as many as the daemon's pages lead to (1,000)")
	f.StringArrayVar(&q.Tags, "tag", nil, "only memories with this `tag`; repeat it for memories with all of them")
	f.StringArrayVar(&q.AnyTags, "any-tag", nil, "only memories with this `tag`; repeat it for memories with one of them")
	f.StringArrayVar(&q.NotTags, "not-tag", nil, "only memories without this `tag`; may be repeated")
	filter.add(c)
	f.Var(&since, "since", "only memories created after this `time`: 2026-01-31T12:00:00Z, or how long ago: 7d")
	f.Var(&before, "before", "only memories created before this `time`, in the same forms")
	f.Float64Var(&q.MinScore, "min", 0, "minimum `score`, from 0 to 1 unless weights are set")
	f.Int64Var(&q.MaxBytes, "max-bytes", 0, "maximum `number` of bytes of data of all hits of a page; 0 means no maximum")
	f.BoolVar(&q.Recall, "recall", false, "recall the hits, which refreshes them")
	f.StringVar(&like, "like", "", "what is like the memory with this `id`, by its words and its vector")
	f.StringVar(&vector, "vector", "", "compare this vector, a JSON `array` of numbers, with those that were given with memories")
	weights.add(c)
	f.BoolVar(&explain, "explain", false, "show the arithmetic of each score")

	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		q.Text, q.Explain, q.Weights = strings.Join(args, " "), explain, weights.values(c)
		var err error
		if vector != "" {
			if q.Vector, err = readVector(vector); err != nil {
				return usageError("--vector " + err.Error())
			}
		}
		if like != "" {
			if q.Like, err = sigil.ParseID(like); err != nil {
				return usageError("--like must be the id of a memory")
			}
		}
		q.Highlight = !a.flags.quiet
		q.NoContent = a.flags.quiet
		now := a.now()
		q.CreatedAfter, q.CreatedBefore = since.before(now), before.before(now)
		q.Crystallized, q.Pinned, q.Pattern, q.FadingAfter, q.FadingBefore = filter.values(now)
		return a.with(func(c *client.Client) error {
			complete := true
			err := pages(a, p, func(cursor string, limit int) ([]client.Hit, *string, error) {
				q.Cursor, q.Limit = cursor, limit
				page, err := c.Search(cmd.Context(), q)
				complete = complete && (page.Complete || err != nil)
				return page.Hits, page.Next, err
			}, a.hits())
			if err == nil && !complete {
				a.say("the daemon has just started and still reads what it has: memories may be missing")
			}
			return err
		})
	}
	return c
}

// weightFlags are the weights of a score.
type weightFlags struct{ words, meaning, freshness, strength float64 }

func (w *weightFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.Float64Var(&w.words, "words", 0.65, "the `weight` of words in the score, from 0 to 1")
	f.Float64Var(&w.meaning, "meaning", 0.35, "the `weight` of meaning; with 0, only words find")
	f.Float64Var(&w.freshness, "freshness", 0, "the `weight` of how fresh a memory is")
	f.Float64Var(&w.strength, "strength", 0, "the `weight` of how often a memory was recalled")
}

// values returns the weights, or nil if no flag is set. Those of words and meaning that are not set have the daemon's defaults.
func (w *weightFlags) values(c *cobra.Command) *client.SearchWeights {
	set := c.Flags().Changed
	if !set("words") && !set("meaning") && !set("freshness") && !set("strength") {
		return nil
	}
	v := &client.SearchWeights{Freshness: w.freshness, Strength: w.strength}
	if set("words") {
		v.Words = &w.words
	}
	if set("meaning") {
		v.Meaning = &w.meaning
	}
	return v
}

// moment is a flag for a time, or for how long ago it was.
type moment struct {
	at  time.Time
	ago time.Duration
	set string
}

func (m *moment) Type() string   { return "time" }
func (m *moment) String() string { return m.set }

func (m *moment) Set(s string) error {
	var d duration
	if err := d.Set(s); err == nil && d >= 0 {
		*m = moment{ago: time.Duration(d), set: s}
		return nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil || at.IsZero() {
		return errors.New(`is neither a time such as "2026-01-31T12:00:00Z" nor how long ago, such as "7d"`)
	}
	*m = moment{at: at, set: s}
	return nil
}

// before returns the time that m means, or the zero time if the flag is not set.
func (m *moment) before(now time.Time) time.Time {
	if m.set == "" || !m.at.IsZero() {
		return m.at
	}
	return now.Add(-m.ago)
}
