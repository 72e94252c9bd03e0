package httpapi

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi/draft"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
	"github.com/sigil-dna/sigil/wire"
)

// eraseMany erases what {"ids": […]}, {"tags": […]}, {"query": …} or {"all": true} chooses.
func (a *API) eraseMany(c *call) error {
	if _, err := c.contentType(jsonType); err != nil {
		return err
	}
	body, err := c.body(a.options.MaxBody, 1)
	if err != nil {
		return err
	}
	q, err := a.readErase(body)
	if err != nil {
		return err
	}
	done, err := a.engine.Erase(c.r.Context(), c.tenant, q)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, shape.Erased(&done, q.DryRun))
}

// eraseOne erases a memory, live or removed, that must be there.
func (a *API) eraseOne(c *call, id sigil.ID) error {
	done, err := a.engine.Erase(c.r.Context(), c.tenant, engine.EraseQuery{IDs: []sigil.ID{id}})
	if err != nil {
		return err
	}
	if done.Counts.Memories+done.Counts.Removed == 0 {
		return sigil.NewNotFound()
	}
	return c.json(http.StatusOK, shape.Erased(&done, false))
}

func (a *API) readErase(body []byte) (q engine.EraseQuery, err error) {
	chosen := 0
	err = a.drafts.Object(body, func(name string, value []byte) (err error) {
		switch name {
		case "ids":
			chosen++
			q.IDs, err = a.eraseIDs(value)
		case "tags":
			chosen++
			q.Tags, err = bodyTags(name, value)
		case "query":
			chosen++
			if q.Text, err = bodyText("invalid_query", name, value); err == nil && strings.TrimSpace(q.Text) == "" {
				err = sigil.NewInvalid("invalid_query", name, "is empty")
			}
		case "all":
			chosen++
			if q.All, err = draft.Bool(name, value); err == nil && !q.All {
				err = sigil.NewInvalid("invalid_parameter", name, "must be true, or left out")
			}
		case "dryRun":
			q.DryRun, err = draft.Bool(name, value)
		case "by":
			q.By, err = bodyText("invalid_parameter", name, value)
		default:
			err = draft.UnknownField(name)
		}
		return err
	})
	if err == nil && chosen == 0 {
		err = draft.MissingField("ids")
	}
	if err == nil && chosen > 1 {
		err = sigil.NewInvalid("invalid_erase", "ids", "goes without tags, query and all: exactly one of them chooses the memories")
	}
	return q, err // the engine refuses lists that are empty
}

// eraseIDs reads an array of ids. Unlike a restore, an erasure is refused whole if one is wrong.
func (a *API) eraseIDs(value []byte) ([]sigil.ID, error) {
	texts, err := a.idList(value)
	ids, _ := parsedIDs(texts, func(_ int, wrong error) { err = cmp.Or(err, wrong) })
	return ids, err
}

// receiptKey answers with the key that receipts are verified with.
func (a *API) receiptKey(c *call) error {
	key, err := a.engine.Key(c.r.Context())
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, wire.ReceiptKey{Store: a.engine.StoreID(), Key: key})
}
