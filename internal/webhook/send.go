package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/outbound"
)

// batch is the body of one request.
type batch struct {
	id   string // depends on the content, so that it is the same in each attempt and the receiver can detect repeats
	body []byte
}

func (h *Hook) batch(events []sigil.Event) (*batch, error) {
	first, last := events[0].Position, events[len(events)-1].Position
	body, err := h.options.Body(h.options.Tenant, events)
	// The content is part of the id because positions are not enough: a store that was restored from an older copy
	// assigns them again, to other events.
	sum := sha256.Sum256(body)
	return &batch{id: fmt.Sprintf("%s-%d-%d-%x", h.options.Tenant, first, last, sum[:8]), body: body}, err
}

// maxAnswer is how many bytes of an answer are read, so that its connection can be reused.
const maxAnswer = 64 << 10

// send makes one attempt. after is how long the receiver asks to wait before the next one, or 0.
func (h *Hook) send(ctx context.Context, b *batch) (after time.Duration, err error) {
	bounded, cancel := context.WithTimeout(ctx, h.options.pace.attempt)
	defer cancel()
	r, err := http.NewRequestWithContext(bounded, http.MethodPost, h.options.URL, bytes.NewReader(b.body))
	if err != nil {
		return 0, outbound.WithoutURL(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "sigil-webhook/"+h.options.Version)
	r.Header.Set("Sigil-Delivery", b.id)
	if h.options.Epoch != (sigil.ID{}) {
		r.Header.Set("Sigil-Epoch", h.options.Epoch.String())
	}
	r.Header.Set("Sigil-Signature", sign(h.options.Secret, time.Now(), b.body))
	w, err := h.client.Do(r)
	if err != nil {
		return 0, outbound.WithoutURL(err)
	}
	defer w.Body.Close()
	// The status decides; the rest of the answer may be cut off.
	_, _ = io.Copy(io.Discard, io.LimitReader(w.Body, maxAnswer))
	if w.StatusCode < 200 || w.StatusCode > 299 {
		return outbound.RetryAfter(w.Header.Get("Retry-After"), time.Now()), fmt.Errorf("the receiver answered with status %d", w.StatusCode)
	}
	return 0, nil
}

// sign returns the signature of a body that is sent at the given time.
func sign(secret []byte, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
