package engine

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/receipt"
	"github.com/sigil-dna/sigil/store"
)

// Choice is what an [EraseQuery] chooses at a time.
type Choice struct {
	Counts receipt.Counts // memories, removed ones and bytes
	// First are the first of them, with their data.
	First []Chosen
	// Token is for [EraseQuery.Token], before Until. It is empty if nothing is chosen.
	Token string
	Until time.Time
}

// Chosen is a memory that a query chooses.
type Chosen struct {
	Memory sigil.Memory
	// Removed is how it was removed, or superseded. It is nil for a live memory.
	Removed *store.Removal
}

// ChoiceTime is how long a [Choice] can be erased.
const ChoiceTime = 10 * time.Minute

// Choose returns what Erase would erase, with at most show of the memories and a token, so that a caller can have it confirmed, and
// then erase exactly that. It erases nothing. The token is good at every process that has the store.
func (e *Engine) Choose(ctx context.Context, tenant string, q EraseQuery, show int) (c Choice, err error) {
	defer e.observe("erase", len(q.IDs))(&err)
	_, request, err := e.eraseRequest(tenant, &q)
	if err != nil {
		return c, err
	}
	keys, err := e.toErase(ctx, tenant, &q)
	if err != nil {
		return c, wrap(err)
	}
	counts, all, err := e.chosen(ctx, tenant, keys)
	if err != nil {
		return c, wrap(err)
	}
	c.Counts, c.First = counts, all[:min(len(all), show)]
	for i := range c.First {
		if err := e.readChosen(ctx, &c.First[i]); err != nil {
			return Choice{}, wrap(err)
		}
	}
	if len(all) > 0 {
		c.Until = e.now().Add(ChoiceTime).Truncate(time.Millisecond)
		if c.Token, err = e.choiceToken(ctx, tenant, request, hashChosen(all), c.Until); err != nil {
			return Choice{}, wrap(err)
		}
	}
	return c, nil
}

// readChosen reads the data of a memory. One that is gone by now stays without.
func (e *Engine) readChosen(ctx context.Context, c *Chosen) error {
	key, how := c.Memory.Key, c.Removed
	switch {
	case how == nil:
		if m, err := e.store.Get(ctx, key, e.now()); err == nil {
			c.Memory = m
		} else if !errors.Is(err, sigil.ErrNotFound) {
			return err
		}
	case how.SupersededBy != sigil.ID{}:
		if r, err := e.store.Superseded(ctx, key, false); err == nil {
			c.Memory = r.Memory
		} else if !errors.Is(err, sigil.ErrNotFound) {
			return err
		}
	default: // the list goes backward, and begins before the next greater id of the same time
		after := key.ID
		for i := len(after) - 1; i >= 0; i-- {
			if after[i]++; after[i] != 0 {
				break
			}
		}
		page, _, err := e.store.Removed(ctx, store.RemovedQuery{Tenant: key.Tenant, Limit: 1, Before: after, BeforeAt: how.At})
		if err != nil {
			return err
		}
		if len(page) > 0 && page[0].Memory.ID == key.ID {
			c.Memory = page[0].Memory
		}
	}
	return nil
}

// hashChosen returns a hash of the ids of memories, in any order.
func hashChosen(all []Chosen) (hash [choiceHash]byte) {
	ids := make([]sigil.ID, len(all))
	for i := range all {
		ids[i] = all[i].Memory.ID
	}
	slices.SortFunc(ids, func(a, b sigil.ID) int { return bytes.Compare(a[:], b[:]) })
	whole, _ := hex.DecodeString(receipt.HashIDs(ids)) // never fails
	return [choiceHash]byte(whole)
}

// A token of a choice is, in base64, a version byte, the end of its time in milliseconds, the first bytes of the hash of what was
// chosen, and those of a MAC over all that it is bound to.
const (
	choiceVersion = 5
	choiceHash    = 16
	choiceLabel   = "sigil: what an erasure may erase\n"
)

// choiceToken returns the token of a choice. Its key is that of the store, which signs nothing of this form.
func (e *Engine) choiceToken(ctx context.Context, tenant string, request sigil.Hash, chosen [choiceHash]byte, until time.Time) (string, error) {
	key, err := e.store.Key(ctx)
	if err != nil {
		return "", err
	}
	token := binary.BigEndian.AppendUint64([]byte{choiceVersion}, uint64(until.UnixMilli()))
	token = append(token, chosen[:]...)
	mac := hmac.New(sha256.New, key.Seed())
	for _, part := range [][]byte{[]byte(choiceLabel), []byte(tenant + "\n"), request[:], token} { // no tenant has a line break
		_, _ = mac.Write(part) // never fails
	}
	return base64.RawURLEncoding.EncodeToString(append(token, mac.Sum(nil)[:choiceHash]...)), nil
}

// checkChoice returns an error unless token is that of a query which chose these memories, or some that are all gone by now.
func (e *Engine) checkChoice(ctx context.Context, tenant, token string, request sigil.Hash, all []Chosen) error {
	wrong := sigil.NewInvalid("invalid_token", "token", "must be that of a choice by the same query, in the same tenant")
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) != 1+8+2*choiceHash {
		return wrong
	}
	until := time.UnixMilli(int64(binary.BigEndian.Uint64(b[1:])))
	chosen := [choiceHash]byte(b[9:])
	want, err := e.choiceToken(ctx, tenant, request, chosen, until)
	switch {
	case err != nil:
		return err
	case !hmac.Equal([]byte(want), []byte(token)):
		return wrong
	case !e.now().Before(until):
		return &sigil.Error{Kind: sigil.ErrConflict, Code: "choice_expired", Field: "token", Detail: "it was chosen too long ago"}
	case len(all) > 0 && hashChosen(all) != chosen:
		return &sigil.Error{Kind: sigil.ErrConflict, Code: "choice_changed", Field: "token", Detail: "other memories would be erased by now than were chosen"}
	}
	return nil
}
