package mcp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
)

const (
	defaultHits = 10
	maxHits     = 50
	// indexTime is how long a search waits, at most half of its time, while the index is built after a start.
	indexTime, indexTick = 5 * time.Second, 10 * time.Millisecond
)

type searchInput struct {
	Query  string   `json:"query,omitempty" jsonschema:"words, names, a question; \"a phrase\", -without"`
	ID     string   `json:"id,omitempty" jsonschema:"of one memory, instead of query"`
	Limit  int      `json:"limit,omitempty" jsonschema:"10 if missing, at most 50"`
	Tags   []string `json:"tags,omitempty" jsonschema:"only memories with all of these"`
	Cursor string   `json:"cursor,omitempty" jsonschema:"next of the previous page"`
}

type searchOutput struct {
	Namespace string `json:"namespace"`
	Refreshed bool   `json:"refreshed"`
	// Corrected is the id that was asked for, of an older version of the memory.
	Corrected string `json:"corrected,omitempty" jsonschema:"the id asked for, of an older version"`
	Memories  []hit  `json:"memories"`
	Next      string `json:"next,omitempty" jsonschema:"cursor of the next page"`
	// Incomplete means that the index is still being built after a start.
	Incomplete bool `json:"incomplete,omitempty" jsonschema:"memories may be missing for a while"`
}

// hit is a memory with its score: how well it fits the query, from 0 to 1, or 1 if it was asked for by its id.
type hit struct {
	memory

	Score float64 `json:"score"`
}

func (s *Server) recall(ctx context.Context, c call, in searchInput) (searchOutput, string, error) {
	return s.search(ctx, c, in, true)
}

func (s *Server) peek(ctx context.Context, c call, in searchInput) (searchOutput, string, error) {
	return s.search(ctx, c, in, false)
}

// search finds memories, or reads one, and refreshes what it returns if asked to.
func (s *Server) search(ctx context.Context, c call, in searchInput, refresh bool) (out searchOutput, text string, err error) {
	out = searchOutput{Namespace: c.tenant, Refreshed: refresh, Memories: []hit{}}
	if (in.Query == "") == (in.ID == "") {
		return out, "", sigil.NewInvalid("invalid_query", "query", "or id must be given, and not both")
	}
	var found []sigil.Memory
	if in.ID != "" {
		key, err := c.memory(in.ID)
		if err != nil {
			return out, "", err
		}
		m, err := s.newest(ctx, key, refresh)
		if err != nil {
			return out, "", err
		}
		if m.ID != key.ID {
			out.Corrected = key.ID.String()
		}
		found, out.Memories = append(found, m), append(out.Memories, hit{shown(&m, 0), 1})
	} else {
		page, err := s.page(ctx, c, in, refresh)
		if err != nil {
			return out, "", err
		}
		out.Next, out.Incomplete = page.Next, page.Incomplete
		for i := range page.Hits {
			h := &page.Hits[i]
			found, out.Memories = append(found, h.Memory), append(out.Memories, hit{shown(&h.Memory, longestText), h.Score})
		}
	}
	return out, s.describe(&out, found), nil
}

// newest reads a memory, or if it was corrected, the newest version of it.
func (s *Server) newest(ctx context.Context, key sigil.Key, refresh bool) (sigil.Memory, error) {
	read, asked := s.engine.Peek, key.ID
	if refresh {
		read = s.engine.Recall
	}
	for {
		m, err := read(ctx, key)
		var known *sigil.Error
		if errors.As(err, &known) && known.Code == "superseded" {
			key.ID = known.SupersededBy
			continue
		}
		if errors.Is(err, sigil.ErrNotFound) && key.ID != asked {
			err = advice(fmt.Sprintf("not_found: that memory was corrected, and the newest version of it, %s, is gone. Call explain with that id to learn what became of it, or recall with a query to find what is there", key.ID))
		}
		return m, err
	}
}

// limited returns how many memories a call asks for, which is unless if it does not say.
func limited(asked, unless int) (int, error) {
	if asked < 0 || asked > maxHits {
		return 0, sigil.NewInvalid("invalid_limit", "limit", fmt.Sprintf("must be from 1 to %d", maxHits))
	}
	if asked == 0 {
		return unless, nil
	}
	return asked, nil
}

// page returns a page of hits.
func (s *Server) page(ctx context.Context, c call, in searchInput, refresh bool) (engine.SearchPage, error) {
	limit, err := limited(in.Limit, defaultHits)
	if err != nil {
		return engine.SearchPage{}, err
	}
	s.awaitIndex(ctx)
	return s.engine.Search(ctx, c.tenant, engine.SearchQuery{
		Text: in.Query, Limit: limit, Cursor: in.Cursor, Filter: engine.Filter{Tags: in.Tags}, Recall: refresh,
	})
}

// awaitIndex waits until the index has been built after a start, but not long. The first call of a conversation may be the one that a
// daemon was started for, and would find nothing of what is there.
func (s *Server) awaitIndex(ctx context.Context) {
	wait := indexTime
	if end, limited := ctx.Deadline(); limited {
		wait = min(wait, time.Until(end)/2)
	}
	if wait <= 0 || !s.engine.Indexing() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	tick := time.NewTicker(indexTick)
	defer tick.Stop()
	for s.engine.Indexing() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// describe returns what was found, as text.
func (s *Server) describe(out *searchOutput, found []sigil.Memory) string {
	var b strings.Builder
	now := s.engine.Now()
	switch {
	case len(found) == 0:
		fmt.Fprintf(&b, "Nothing found in namespace %s. Try other words, or fewer tags.", out.Namespace)
	case out.Corrected != "":
		fmt.Fprintf(&b, "%s in namespace %s was corrected. In its place, there is now:", out.Corrected, out.Namespace)
	case out.Refreshed:
		fmt.Fprintf(&b, "%d found in namespace %s, and refreshed:", len(found), out.Namespace)
	default:
		fmt.Fprintf(&b, "%d found in namespace %s, not refreshed:", len(found), out.Namespace)
	}
	for i := range found {
		b.WriteString("\n" + line(&out.Memories[i].memory, now, found[i].FadesAt))
	}
	if out.Next != "" {
		b.WriteString("\nThere are more: call again with cursor.")
	}
	if out.Incomplete {
		b.WriteString("\nThe service has just started, and memories may be missing: call again in a moment.")
	}
	return b.String()
}

type explainInput struct {
	ID string `json:"id"`
}

type explainOutput struct {
	Namespace string `json:"namespace"`
	ID        string `json:"id"`
	Live      bool   `json:"live"`
	Reason    string `json:"reason"`
	FadesAt   string `json:"fadesAt,omitempty"`
	History   []fact `json:"history"`
	// Versions is its chain of corrections. It is empty without any, or if the newest version is gone.
	Versions []version `json:"versions,omitempty" jsonschema:"its chain of corrections, newest first"`
}

// fact is an entry of the journal. Its position is text: a number may be over 2^53.
type fact struct {
	Position string `json:"position"`
	At       string `json:"at"`
	What     string `json:"what"`
	Why      string `json:"why"`
}

// version is a memory of a chain of corrections, with the start of its text.
type version struct {
	ID    string `json:"id"`
	Text  string `json:"text"`
	Until string `json:"until,omitempty" jsonschema:"when it was corrected"`
}

// maxVersions is how many versions are shown.
const maxVersions = 20

func (s *Server) explain(ctx context.Context, c call, in explainInput) (out explainOutput, text string, err error) {
	key, err := c.memory(in.ID)
	if err != nil {
		return out, "", err
	}
	x, err := s.engine.Explain(ctx, key)
	if err != nil {
		return out, "", err
	}
	out = explainOutput{
		Namespace: c.tenant, ID: key.ID.String(), Live: x.Live, Reason: shape.Explanation(&x).Reason, History: make([]fact, len(x.History)),
	}
	for i := range x.History {
		e := &x.History[i]
		out.History[i] = fact{fmt.Sprint(e.Position), moment(e.Time), string(e.Kind), e.Reason}
	}
	out.Reason = strings.TrimSuffix(out.Reason, " Its history can be listed.") // it is
	if out.Versions, text, err = s.versions(ctx, key); err != nil {
		return out, "", err
	}
	if x.Live {
		out.FadesAt = moment(x.Memory.FadesAt)
	} else {
		out.Reason += s.afterwards(&x.History[len(x.History)-1], len(out.Versions) > 0)
	}
	return out, out.Reason + text, nil
}

// afterwards returns what can be done about a memory that is gone, after a sentence. known means that its newest version is live.
func (s *Server) afterwards(last *sigil.Event, known bool) string {
	now := s.engine.Now()
	until := last.Time.Add(s.engine.Settings().Undo.Window)
	switch last.Kind {
	case sigil.Corrected:
		if !known {
			return " No version of it is live any more: call explain with that id to learn why."
		}
	case sigil.Forgotten, sigil.Faded, sigil.Evicted:
		if until.After(now) {
			return fmt.Sprintf(" It %s.", restorable(until, now))
		}
	}
	return ""
}

// versions returns the chain of corrections of a memory, also as text, or nothing if the memory is alone, or the newest one is gone.
func (s *Server) versions(ctx context.Context, key sigil.Key) (all []version, text string, err error) {
	page, err := s.engine.History(ctx, key, engine.HistoryQuery{Limit: maxVersions})
	if err != nil || len(page.Versions) < 2 {
		if errors.Is(err, sigil.ErrNotFound) {
			err = nil
		}
		return nil, "", err
	}
	text = "\nAll versions, the newest first:"
	for i := range page.Versions {
		v := &page.Versions[i]
		m := shown(&v.Memory, longestText)
		one := version{ID: m.ID, Text: oneLine(&m)}
		state := "live"
		if v.Superseded != nil {
			one.Until = moment(v.Superseded.At)
			state = "until " + one.Until
		}
		all = append(all, one)
		text += fmt.Sprintf("\n- %s (%s, %s)", one.Text, one.ID, state)
	}
	if page.Next != "" {
		text += "\nand older ones."
	}
	return all, text, nil
}

type fadesInput struct {
	Within string   `json:"within,omitempty" jsonschema:"such as 36h; 7d if missing"`
	Tags   []string `json:"tags,omitempty" jsonschema:"only memories with all of these"`
	Limit  int      `json:"limit,omitempty" jsonschema:"20 if missing, at most 50"`
}

type fadesOutput struct {
	Namespace string   `json:"namespace"`
	Until     string   `json:"until"`
	Count     int      `json:"count" jsonschema:"all that fade until then"`
	Memories  []memory `json:"memories"`
}

const (
	defaultFading = 20
	defaultWithin = 7 * 24 * time.Hour
)

func (s *Server) whatFades(ctx context.Context, c call, in fadesInput) (out fadesOutput, text string, err error) {
	limit, err := limited(in.Limit, defaultFading)
	if err != nil {
		return out, "", err
	}
	span, err := within(in.Within, defaultWithin)
	if err != nil {
		return out, "", err
	}
	f, err := s.engine.Forecast(ctx, c.tenant, engine.ForecastQuery{Within: span, Tags: in.Tags, Limit: limit})
	if err != nil {
		return out, "", err
	}
	out = fadesOutput{Namespace: c.tenant, Until: moment(f.Until), Count: f.Fading, Memories: []memory{}}
	var b strings.Builder
	fmt.Fprintf(&b, "%d fade in namespace %s until %s unless they are recalled or kept.", f.Fading, c.tenant, out.Until)
	for i := range f.Memories {
		m, err := s.engine.Peek(ctx, f.Memories[i].Key) // the forecast has no content
		if err != nil {
			continue // it has gone since
		}
		v := shown(&m, longestText)
		out.Memories = append(out.Memories, v)
		b.WriteString("\n" + line(&v, f.From, m.FadesAt))
	}
	return out, b.String(), nil
}
