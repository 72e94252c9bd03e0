package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// draft is a draft as the contract writes it.
type draft struct {
	Data           json.RawMessage
	State          *sigil.State
	TTL, Life      span
	Pinned         bool
	Tags           []string
	Vector         []float32
	OnDuplicate    sigil.OnDuplicate
	Similar        float64
	IdempotencyKey string
}

func (d *draft) draft() sigil.Draft {
	return sigil.Draft{
		Data: d.Data, State: d.State, TTL: time.Duration(d.TTL), Life: time.Duration(d.Life), Pinned: d.Pinned, Tags: d.Tags, Vector: d.Vector,
		OnDuplicate: d.OnDuplicate, Similar: d.Similar, IdempotencyKey: d.IdempotencyKey,
	}
}

// span is a duration written as text.
type span time.Duration

func (s *span) UnmarshalText(text []byte) error {
	d, err := sigil.ParseDuration(string(text))
	*s = span(d)
	return err
}

// call makes one call. Each case takes its arguments, and fails if there are others.
func (r *runner) call(ctx context.Context, name string, args []byte) (any, error) {
	c := r.client
	switch name {
	case "encode", "live.encode":
		d, err := take[draft](args)
		if err != nil {
			return nil, err
		}
		if name == "encode" {
			return result(c.Encode(ctx, d.draft()))
		}
		return result(r.live.Encode(ctx, d.draft()))
	case "change", "live.change":
		id, change, err := takeChange(args)
		if err != nil {
			return nil, err
		}
		if name == "change" {
			return result(c.Change(ctx, id, change))
		}
		return result(r.live.Change(ctx, id, change))
	case "encodeBatch":
		a, err := take[struct{ Drafts []draft }](args)
		drafts := make([]sigil.Draft, len(a.Drafts))
		for i := range a.Drafts {
			drafts[i] = a.Drafts[i].draft()
		}
		items, failed := c.EncodeBatch(ctx, drafts)
		return append([]client.BatchItem{}, items...), errors.Join(err, failed)
	case "erase":
		a, err := take[struct {
			IDs         []sigil.ID
			Tags        []string
			Query, By   string
			All, DryRun bool
		}](args)
		if err != nil {
			return nil, err
		}
		return result(c.Erase(ctx, client.EraseQuery{IDs: a.IDs, Tags: a.Tags, Text: a.Query, All: a.All, DryRun: a.DryRun, By: a.By}))
	case "receiptKey":
		return result(c.ReceiptKey(ctx))
	case "recallMany":
		a, err := take[struct{ IDs []sigil.ID }](args)
		items, failed := c.RecallMany(ctx, a.IDs)
		return items, errors.Join(err, failed)
	case "search", "searchAll":
		q, err := searchQuery(args)
		if err != nil {
			return nil, err
		}
		if name == "search" {
			return result(c.Search(ctx, q))
		}
		return gather(c.AllHits(ctx, q), 0)
	case "list", "listAll":
		q, err := listQuery(args)
		if err != nil {
			return nil, err
		}
		if name == "list" {
			return result(c.List(ctx, q))
		}
		return gather(c.All(ctx, q), 0)
	case "forecast":
		a, err := take[struct {
			Within      span
			Policy      string
			Tags        []string
			Limit, Bins int
		}](args)
		if err != nil {
			return nil, err
		}
		return result(c.Forecast(ctx, client.ForecastQuery{Within: time.Duration(a.Within), Policy: a.Policy, Tags: a.Tags, Limit: a.Limit, Bins: a.Bins}))
	case "stats":
		return result(c.Stats(ctx))
	case "events":
		a, err := take[struct {
			After sigil.Token
			Limit int
		}](args)
		if err != nil {
			return nil, err
		}
		return result(c.EventsAfter(ctx, a.After.String(), a.Limit))
	case "follow", "live.events":
		a, err := take[struct {
			After sigil.Token
			Count int
		}](args)
		if err != nil {
			return nil, err
		}
		options := &client.FollowOptions{Token: a.After.String()}
		if name == "follow" {
			return gather(c.Follow(ctx, options), a.Count)
		}
		return gather(r.live.Events(ctx, options), a.Count)
	default:
		return r.one(ctx, name, args)
	}
}

// one makes a call about one memory.
func (r *runner) one(ctx context.Context, name string, args []byte) (any, error) {
	a, err := take[struct {
		ID    sigil.ID
		Min   *float64
		Limit int
	}](args)
	if err != nil {
		return nil, err
	}
	switch name {
	case "peek":
		return result(r.client.Peek(ctx, a.ID))
	case "recall":
		return result(r.client.Recall(ctx, a.ID))
	case "live.recall":
		return result(r.live.Recall(ctx, a.ID))
	case "forget":
		return nil, r.client.Forget(ctx, a.ID)
	case "live.forget":
		return nil, r.live.Forget(ctx, a.ID)
	case "eraseOne":
		return result(r.client.EraseOne(ctx, a.ID))
	case "forgetWithUndo":
		return result(r.client.ForgetWithUndo(ctx, a.ID))
	case "restore":
		return result(r.client.Restore(ctx, a.ID))
	case "pin":
		return result(r.client.Pin(ctx, a.ID))
	case "unpin":
		return result(r.client.Unpin(ctx, a.ID))
	case "explain":
		return result(r.client.Explain(ctx, a.ID))
	case "related":
		return result(r.client.Related(ctx, a.ID, client.RelatedQuery{Min: a.Min, Limit: a.Limit}))
	}
	return nil, fmt.Errorf("no call is named %s", name)
}

// takeChange reads the arguments of a change, in which null removes.
func takeChange(args []byte) (id sigil.ID, c sigil.Change, err error) {
	a, err := take[struct {
		ID        sigil.ID
		Tags      json.RawMessage
		TTL, Life json.RawMessage
		Pinned    *bool
	}](args)
	if err != nil {
		return id, c, err
	}
	c.Pinned = a.Pinned
	if a.Tags != nil {
		c.Tags = new([]string)
		err = json.Unmarshal(a.Tags, c.Tags)
	}
	for _, d := range []struct {
		raw json.RawMessage
		to  **time.Duration
	}{{a.TTL, &c.TTL}, {a.Life, &c.Life}} {
		if d.raw != nil {
			var s span
			err = errors.Join(err, json.Unmarshal(d.raw, &s))
			*d.to = (*time.Duration)(&s)
		}
	}
	return a.ID, c, err
}

func searchQuery(args []byte) (client.SearchQuery, error) {
	a, err := take[struct {
		Query, Cursor string
		Vector        []float32
		Limit         int
		Tags          []string
		Weights       *client.SearchWeights
		Highlight     bool
		Content       *bool
	}](args)
	return client.SearchQuery{
		Text: a.Query, Vector: a.Vector, Limit: a.Limit, Cursor: a.Cursor, Tags: a.Tags, Weights: a.Weights, Highlight: a.Highlight,
		NoContent: a.Content != nil && !*a.Content,
	}, err
}

func listQuery(args []byte) (client.ListQuery, error) {
	a, err := take[struct {
		Query, Cursor string
		Limit         int
		Tags          []string
		Sort          sigil.Sort
		Pinned        *bool
		Content       *bool
	}](args)
	return client.ListQuery{
		Text: a.Query, Cursor: a.Cursor, Limit: a.Limit, Tags: a.Tags, Sort: a.Sort, Pinned: a.Pinned,
		NoContent: a.Content != nil && !*a.Content,
	}, err
}

// take reads the arguments of a call.
func take[T any](args []byte) (a T, err error) {
	dec := json.NewDecoder(strings.NewReader(string(args)))
	dec.DisallowUnknownFields()
	err = dec.Decode(&a)
	return a, err
}

// result is an answer as any.
func result[T any](answer T, err error) (any, error) { return answer, err }

// gather returns the first count entries of a loop, or all if count is 0.
func gather[T any](loop iter.Seq2[T, error], count int) (any, error) {
	list := []T{}
	for entry, err := range loop {
		if err != nil {
			return nil, err
		}
		if list = append(list, entry); len(list) == count {
			break
		}
	}
	return list, nil
}
