package httpapi

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/canon"
	"github.com/sigil-dna/sigil/internal/httpapi/draft"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
	"github.com/sigil-dna/sigil/wire"
)

// maxBatchKey is the maximum length of a batch's key. It leaves 8 bytes for the "/" and the index that make
// an item's key of it.
const maxBatchKey = draft.MaxKey - 8

// encodeBatch encodes several memories. An invalid item gets its own problem, in its place, and does not
// affect the others. An error of the whole request, such as broken JSON in an
// array, or of the store refuses all.
func (a *API) encodeBatch(c *call) error {
	media, err := c.contentType(jsonType, ndjsonType)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(c.r, maxBatchKey)
	if err != nil {
		return err
	}
	brief, times := c.brief(), int64(2)
	if brief {
		times = 1
	}
	body, err := c.body(a.options.MaxBatchBody, times) // counted twice, unless the answer is brief: a full answer is as long as the body
	if err != nil {
		return err
	}
	items, err := a.itemsOf(media, body)
	if err != nil {
		return err
	}

	results := make([]wire.BatchItem, len(items))
	drafts := make([]sigil.Draft, 0, len(items))
	at := make([]int, 0, len(items)) // each draft's index in results
	for i, item := range items {
		d, err := a.item(item)
		if err != nil {
			results[i] = c.failedItem(err)
			continue
		}
		if key != "" && d.IdempotencyKey == "" {
			d.IdempotencyKey = key + "/" + strconv.Itoa(i)
		}
		drafts, at = append(drafts, d), append(at, i)
	}
	if len(drafts) > 0 {
		kept, err := a.engine.EncodeBatch(c.r.Context(), c.tenant, drafts)
		if err != nil {
			return err
		}
		if brief {
			c.applied()
		}
		for i := range kept {
			r := &kept[i]
			switch {
			case r.Err != nil:
				results[at[i]] = c.failedItem(a.drafts.Blame(items[at[i]], r.Err))
			case brief:
				short := shape.Kept(&r.Memory)
				results[at[i]] = wire.BatchItem{Status: shape.EncodeStatus(&r.Memory), ID: &short.ID, DuplicateOf: short.DuplicateOf, Similar: short.Similar, Warnings: short.Warnings}
			default:
				results[at[i]] = c.item(r, shape.EncodeStatus(&r.Memory), shape.Encoded)
			}
		}
	}
	if media == ndjsonType {
		return answerLines(c, results)
	}
	return c.json(http.StatusOK, &wire.BatchPage{Results: results})
}

// brief reports whether the request prefers an answer that does not repeat its content (RFC 7240).
func (c *call) brief() bool {
	for _, header := range c.r.Header["Prefer"] {
		for preference := range strings.SplitSeq(header, ",") {
			if strings.EqualFold(strings.TrimSpace(preference), returnMinimal) {
				return true
			}
		}
	}
	return false
}

const returnMinimal = "return=minimal"

// applied adds the header that confirms the request's preference.
func (c *call) applied() { c.Header().Set("Preference-Applied", returnMinimal) }

// item reads one draft of a batch, which may be as long as a request with one memory.
func (a *API) item(raw []byte) (sigil.Draft, error) {
	if int64(len(raw)) > a.options.MaxBody {
		return sigil.Draft{}, tooLarge("body_too_large", "body", "has more than %d bytes", a.options.MaxBody)
	}
	return a.drafts.Item(raw)
}

// itemsOf returns the items of a body of a media type: the elements of an array, or lines.
func (a *API) itemsOf(media string, body []byte) ([][]byte, error) {
	split := elements
	if media == ndjsonType {
		split = lines
	}
	return split(body, a.engine.Limits().Batch)
}

// elements splits a JSON array of at most max values.
func elements(body []byte, max int) (items [][]byte, err error) {
	err = canon.Elements(body, func(value []byte) error {
		if len(items) == max {
			return batchTooLarge(max)
		}
		items = append(items, value)
		return nil
	})
	return items, err
}

// lines splits NDJSON. It skips blank lines.
func lines(body []byte, max int) (items [][]byte, err error) {
	for line := range bytes.Lines(body) {
		if line = bytes.Trim(line, " \t\r\n"); len(line) == 0 {
			continue
		}
		if len(items) == max {
			return nil, batchTooLarge(max)
		}
		items = append(items, line)
	}
	return items, nil
}

func batchTooLarge(max int) error {
	return tooLarge("batch_too_large", "body", "has more than %d items", max)
}

func answerLines(c *call, results []wire.BatchItem) error {
	out := make([]any, len(results))
	for i := range results {
		out[i] = &results[i]
	}
	return c.encoded(http.StatusOK, ndjsonType, out...)
}

// item returns the batch's item for one memory, rendered by view, or for its error.
func (c *call) item(r *engine.Result, status int, view func(*sigil.Memory) wire.Memory) wire.BatchItem {
	if r.Err != nil {
		return c.failedItem(r.Err)
	}
	v := view(&r.Memory)
	return wire.BatchItem{Status: status, Memory: &v}
}

func (c *call) failedItem(err error) wire.BatchItem {
	p := c.problem(err)
	return wire.BatchItem{Status: p.Status, Problem: &p}
}

// recallMany recalls each of {"ids": […]}.
func (a *API) recallMany(c *call) error {
	if _, err := c.contentType(jsonType); err != nil {
		return err
	}
	body, err := c.body(a.options.MaxBody, 1)
	if err != nil {
		return err
	}
	texts, err := a.readIDs(body)
	if err != nil {
		return err
	}
	results := make([]wire.BatchItem, len(texts))
	ids, at := parsedIDs(texts, func(i int, err error) { results[i] = c.failedItem(err) })
	keys := make([]sigil.Key, len(ids))
	for i, id := range ids {
		keys[i] = sigil.Key{Tenant: c.tenant, ID: id}
	}
	if err := c.hold(a.engine.Limits().PageBytes); err != nil {
		return err
	}
	recalled, err := a.engine.RecallMany(c.r.Context(), keys)
	if err != nil {
		return err
	}
	held := int64(cap(body))
	for i := range recalled {
		held += 2 * int64(len(recalled[i].Memory.Data))
	}
	c.settle(held)
	for i := range recalled {
		results[at[i]] = c.item(&recalled[i], http.StatusOK, shape.Refreshed)
	}
	return c.json(http.StatusOK, &wire.BatchPage{Results: results})
}

// parsedIDs reads ids, and returns for each its index in texts. wrong gets the others.
func parsedIDs(texts []string, wrong func(i int, err error)) (ids []sigil.ID, at []int) {
	for i, text := range texts {
		id, err := sigil.ParseID(text)
		if err != nil {
			wrong(i, sigil.NewInvalid("invalid_id", "ids/"+strconv.Itoa(i), "is not a UUID of 36 characters"))
			continue
		}
		ids, at = append(ids, id), append(at, i)
	}
	return ids, at
}

func (a *API) readIDs(body []byte) (ids []string, err error) {
	found := false
	err = a.drafts.Object(body, func(name string, value []byte) (err error) {
		if name != "ids" {
			return draft.UnknownField(name)
		}
		found = true
		ids, err = a.idList(value)
		return err
	})
	if err == nil && !found {
		err = draft.MissingField("ids")
	}
	return ids, err
}
