package engine

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/canon"
	"github.com/sigil-dna/sigil/internal/receipt"
	"github.com/sigil-dna/sigil/store"
)

// EraseQuery chooses the memories of a tenant that are erased. Exactly one of IDs, Tags, Text and All is set.
type EraseQuery struct {
	IDs  []sigil.ID // these, at most [Limits.Batch]
	Tags []string   // those that have all of these, removed ones too
	Text string     // those that match a query by their words, as in a list; removed ones are not found
	All  bool       // all of the tenant, removed ones too
	// DryRun only counts: memories, removed ones and bytes.
	DryRun bool
	// By is the caller or the reason, for the receipt: at most 256 bytes of text on one line.
	By string
	// Token, if not empty, is that of a [Choice] by the same query. Erase erases exactly what was chosen then. If the query would
	// choose others by now, the error is [sigil.ErrConflict] ("choice_changed"), and after [ChoiceTime] "choice_expired". If all that
	// was chosen is gone, erased by an earlier call say, nothing is left to erase.
	Token string
	// Progress, if not nil, is called during a long erasure with what is done, in a few words without content.
	Progress func(done string)
}

// Erased is the result of an erasure.
type Erased struct {
	Counts receipt.Counts
	// Receipt is JSON, signed with the store's key; nil after a dry run. It has no content of what was erased.
	Receipt []byte
	// Remains has a sentence for each place where the bytes may still be, also if nothing was found: of what was gone before. Receipt has
	// it as well.
	Remains []string
}

// UseBackups has receipts name the copies of the store that list returns, such as "the backup x", which were made before an
// erasure, or may have been. List is called after the erasure.
func (e *Engine) UseBackups(list func() ([]string, error)) { e.backups.Store(&list) }

// OnErase has redact called with the tenant whenever memories were erased, or may have been, before Erase returns: whatever was read
// of the tenant before, and is still to be given to somebody, must be dropped.
func (e *Engine) OnErase(redact func(tenant string)) { e.redact.Store(&redact) }

// maxCopies is how many copies a receipt names.
const maxCopies = 100

// copies returns a sentence for each copy of the store that was made before.
func (e *Engine) copies() (sentences []string) {
	list := e.backups.Load()
	if list == nil {
		return nil
	}
	all, err := (*list)()
	for i, one := range all {
		if i == maxCopies {
			sentences = append(sentences, fmt.Sprintf("%d more copies were made before", len(all)-i))
			break
		}
		sentences = append(sentences, one+" was made before")
	}
	if err != nil {
		sentences = append(sentences, "the folder of backups could not be read: some may have been made before")
	}
	return sentences
}

// Key returns the public key with which the receipts of the store can be verified, in base64 as in a receipt.
func (e *Engine) Key(ctx context.Context) (string, error) {
	key, err := e.store.Key(ctx)
	if err != nil {
		return "", wrap(err)
	}
	return receipt.PublicKey(key), nil
}

// eraseStep is the number of memories that one commit erases.
const eraseStep = 1024

// Erase erases memories of a tenant for good: they cannot be restored, the journal keeps only the hashes of its entries about them, and
// their bytes leave the files of the embedded store before Erase returns. See [store.Eraser]. With a memory goes all
// that it superseded. Ids that there are not are passed over. A memory that is encoded during the call may stay.
//
// Many are erased in several commits: if err is not nil, some may be erased, and the same call again erases the rest. If ctx ends
// before the bytes have left the files, the next erasure, or the next start, goes on with them.
func (e *Engine) Erase(ctx context.Context, tenant string, q EraseQuery) (done Erased, err error) {
	defer e.observe("erase", len(q.IDs))(&err)
	request, hash, err := e.eraseRequest(tenant, &q)
	if err != nil {
		return done, err
	}
	keys, err := e.toErase(ctx, tenant, &q)
	if err != nil {
		return done, wrap(err)
	}
	if q.DryRun || q.Token != "" {
		counts, chosen, err := e.chosen(ctx, tenant, keys)
		if err == nil && q.Token != "" {
			err = e.checkChoice(ctx, tenant, q.Token, hash, chosen)
		}
		if err != nil {
			return done, wrap(err)
		}
		if q.DryRun {
			done.Counts = counts
			return done, nil
		}
		keys = keys[:0]
		for i := range chosen {
			keys = append(keys, chosen[i].Memory.Key)
		}
	}
	if q.Progress != nil {
		ctx = store.WithProgress(ctx, q.Progress)
	}
	if redact := e.redact.Load(); redact != nil {
		defer (*redact)(tenant) // also after an error: some may be erased
	}
	var all store.Erasure
	parts := slices.Collect(slices.Chunk(keys, eraseStep))
	if len(parts) == 0 {
		parts = [][]sigil.Key{nil} // the store says where the bytes may be of what was gone before
	}
	for _, part := range parts {
		e.changes.Add(uint64(len(part)))
		one, err := e.store.Erase(ctx, part, func(m sigil.Meta, _ bool) sigil.Event {
			return sigil.Event{Time: e.now(), Kind: sigil.Erased, Reason: sigil.ReasonRequest, Memory: m}
		})
		all.Add(&one)
		if one.Memories > 0 {
			e.observer.Released(sigil.ReasonRequest, one.Memories)
		}
		done.Counts = countsOf(&all)
		if err != nil {
			return done, wrap(err)
		}
	}
	done.Remains = append(all.Remains, e.copies()...)
	done.Receipt, err = e.sign(ctx, tenant, &q, request, hash, &all, done.Remains)
	return done, wrap(err)
}

// eraseRequest checks a query, and returns how it chooses and the hash of its canonical JSON.
func (e *Engine) eraseRequest(tenant string, q *EraseQuery) (request string, hash sigil.Hash, err error) {
	if err := sigil.CheckTenant(tenant); err != nil {
		return "", hash, err
	}
	if len(q.By) > maxReason || !utf8.ValidString(q.By) || strings.ContainsFunc(q.By, unicode.IsControl) {
		return "", hash, sigil.NewInvalid("invalid_parameter", "by", "must be at most 256 bytes of text on one line")
	}
	if len(q.IDs) > e.limits.Batch {
		return "", hash, sigil.NewTooLarge("batch_too_large", "ids", "names too many memories")
	}
	if err := e.checkFilter(q.Tags); err != nil {
		return "", hash, err
	}
	chosen := map[string]any{}
	for _, one := range []struct {
		name, member string
		set          bool
		value        any
	}{{"ids", "ids", len(q.IDs) > 0, q.IDs}, {"tags", "tags", len(q.Tags) > 0, q.Tags}, {"search", "query", q.Text != "", q.Text}, {"tenant", "all", q.All, true}} {
		if one.set {
			request, chosen[one.member] = one.name, one.value
		}
	}
	if len(chosen) != 1 {
		return "", hash, sigil.NewInvalid("invalid_erase", "ids", "exactly one of ids, tags, query and all must choose the memories, and ids and tags must not be empty")
	}
	b, err := json.Marshal(chosen)
	if err == nil {
		_, hash, err = canon.Read("request", b, canon.Limits{Bytes: len(b), Depth: 8})
	}
	return request, hash, err
}

// toErase returns the keys that a query chooses, each once.
func (e *Engine) toErase(ctx context.Context, tenant string, q *EraseQuery) (keys []sigil.Key, err error) {
	seen := map[sigil.ID]bool{}
	add := func(id sigil.ID) {
		if !seen[id] {
			seen[id] = true
			keys = append(keys, sigil.Key{Tenant: tenant, ID: id})
		}
	}
	if len(q.IDs) > 0 {
		for _, id := range q.IDs {
			add(id)
		}
		return keys, nil
	}
	// What is past its deadline is not listed. While the clock is not certain, nothing is released.
	if _, err := e.Sweep(ctx); err != nil && sigil.CodeOf(err) != "clock_held" {
		return nil, err
	}
	find := store.Query{Tenant: tenant, Now: e.now(), Limit: e.limits.Page, Sort: sigil.SortCreated, Tags: q.Tags, Text: q.Text, NoData: true}
	for more := true; more; {
		var page []sigil.Memory
		if page, more, err = e.store.List(ctx, find); err != nil {
			return nil, err
		}
		for i := range page {
			add(page[i].ID)
			find.Before, find.BeforeKey = page[i].ID, store.SortKey(find.Sort, &page[i].Meta)
		}
	}
	if q.Text != "" {
		return keys, nil
	}
	removed := store.RemovedQuery{Tenant: tenant, Limit: e.limits.Page, NoData: true}
	for more := true; more; {
		var page []store.Removed
		if page, more, err = e.store.Removed(ctx, removed); err != nil {
			return nil, err
		}
		for i := range page {
			m := &page[i].Memory
			if !slices.ContainsFunc(q.Tags, func(tag string) bool { return !slices.Contains(m.Tags, tag) }) {
				add(m.ID)
			}
			removed.Before, removed.BeforeAt = m.ID, page[i].At
		}
	}
	err = e.eachSuperseded(ctx, tenant, func(r *store.Removed) {
		if !slices.ContainsFunc(q.Tags, func(tag string) bool { return !slices.Contains(r.Memory.Tags, tag) }) {
			add(r.Memory.ID)
		}
	})
	return keys, err
}

// eachSuperseded calls visit with each superseded memory of a tenant, without data.
func (e *Engine) eachSuperseded(ctx context.Context, tenant string, visit func(*store.Removed)) error {
	for after := (sigil.ID{}); ; {
		page, err := e.store.AllSuperseded(ctx, tenant, after, e.limits.Page)
		if err != nil {
			return err
		}
		for i := range page {
			visit(&page[i])
			after = page[i].SupersededBy
		}
		if len(page) == 0 {
			return nil
		}
	}
}

// versions returns keys, and those of all that the memories superseded, each once, and what is superseded among them.
func (e *Engine) versions(ctx context.Context, tenant string, keys []sigil.Key) (all []sigil.Key, old map[sigil.ID]store.Removed, err error) {
	by := map[sigil.ID]store.Removed{} // by the memory that supersedes it
	old = map[sigil.ID]store.Removed{}
	if err := e.eachSuperseded(ctx, tenant, func(r *store.Removed) { by[r.SupersededBy], old[r.Memory.ID] = *r, *r }); err != nil || len(by) == 0 {
		return keys, nil, err
	}
	seen := map[sigil.ID]bool{}
	for _, key := range keys {
		for there := true; there && !seen[key.ID]; {
			seen[key.ID] = true
			all = append(all, key)
			var r store.Removed
			r, there = by[key.ID]
			key.ID = r.Memory.ID
		}
	}
	return all, old, nil
}

// chosen returns those of keys that there are, with all that they superseded, without data, and counts them. It looks at memories as a
// removal and a restoring do that decide against it.
func (e *Engine) chosen(ctx context.Context, tenant string, keys []sigil.Key) (c receipt.Counts, all []Chosen, err error) {
	keys, old, err := e.versions(ctx, tenant, keys)
	if err != nil {
		return c, nil, err
	}
	for part := range slices.Chunk(keys, sweepStep) {
		seen := map[sigil.ID]Chosen{}
		_, err := e.store.Remove(ctx, part, func(m sigil.Meta) (sigil.Event, bool) {
			seen[m.ID] = Chosen{Memory: sigil.Memory{Meta: m}}
			return sigil.Event{}, false
		})
		if err != nil {
			return c, nil, err
		}
		var ids []sigil.ID
		for _, key := range part {
			if r, superseded := old[key.ID]; superseded {
				seen[key.ID] = Chosen{r.Memory, &r.Removal}
			} else if _, there := seen[key.ID]; !there {
				ids = append(ids, key.ID)
			}
		}
		if len(ids) > 0 {
			_, err = e.store.Restore(ctx, tenant, ids, store.Quota{}, func(m *sigil.Meta, r store.Removal) (sigil.Event, bool) {
				seen[m.ID] = Chosen{sigil.Memory{Meta: *m}, &r}
				return sigil.Event{}, false
			})
		}
		if err != nil {
			return c, nil, err
		}
		for _, key := range part {
			one, there := seen[key.ID]
			if !there {
				continue
			}
			all, c.Bytes = append(all, one), c.Bytes+int64(one.Memory.Size)
			if one.Removed != nil {
				c.Removed++
			} else {
				c.Memories++
			}
			delete(seen, key.ID) // keys may name it twice
		}
	}
	return c, all, nil
}

func countsOf(all *store.Erasure) receipt.Counts {
	return receipt.Counts{Memories: all.Memories, Removed: all.Removed, Bytes: all.Bytes, Entries: all.Entries, Answers: all.Answers}
}

// sign returns the receipt of an erasure.
func (e *Engine) sign(ctx context.Context, tenant string, q *EraseQuery, request string, hash sigil.Hash, all *store.Erasure, remains []string) ([]byte, error) {
	key, err := e.store.Key(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]sigil.ID, len(all.Events))
	for i := range all.Events {
		ids[i] = all.Events[i].Memory.ID
	}
	slices.SortFunc(ids, func(a, b sigil.ID) int { return bytes.Compare(a[:], b[:]) })
	r := receipt.Receipt{
		Store: e.store.Info().ID, Tenant: tenant, At: e.now(), By: q.By, Request: request, RequestHash: hex.EncodeToString(hash[:]),
		Counts: countsOf(all), IDs: receipt.HashIDs(ids), Position: all.Position, Remains: remains,
	}
	if len(ids) > 0 {
		r.Link = hex.EncodeToString(all.Link[:])
	}
	signed, err := receipt.Sign(r, key)
	if err != nil {
		return nil, errors.Join(errors.New("the memories are erased, but there is no receipt"), err)
	}
	return signed, nil
}
