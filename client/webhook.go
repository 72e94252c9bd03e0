package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
)

// VerifyWebhook checks that a webhook's request was signed with secret, and is not a replay. signature is its
// Sigil-Signature header, body its exact bytes, and tolerance the maximum difference allowed between now and the time
// of the signature. It returns nil if the signature is valid, else [sigil.ErrInvalid].
//
// A valid request may still arrive more than once. A receiver that must not act twice stores the position of the last
// event it has handled, and skips events at or before it.
func VerifyWebhook(secret []byte, signature string, body []byte, now time.Time, tolerance time.Duration) error {
	invalid := func(detail string) error { return sigil.NewInvalid("invalid_signature", "signature", detail) }
	if len(secret) == 0 {
		return sigil.NewInvalid("invalid_secret", "secret", "must not be empty")
	}
	signedAt, sums := "", [][]byte(nil)
	for part := range strings.SplitSeq(signature, ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "t":
			if signedAt != "" {
				return invalid("has more than one t")
			}
			signedAt = value
		case "v1":
			if sum, err := hex.DecodeString(value); err == nil {
				sums = append(sums, sum)
			}
		}
	}
	seconds, err := strconv.ParseInt(signedAt, 10, 64)
	if err != nil || len(sums) == 0 {
		return invalid("is not of the form t=seconds,v1=hex")
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(signedAt + "."))
	mac.Write(body)
	want, found := mac.Sum(nil), false
	for _, sum := range sums {
		found = hmac.Equal(sum, want) || found
	}
	if !found {
		return invalid("does not match the body")
	}
	if off := now.Sub(time.Unix(seconds, 0)).Abs(); off > tolerance {
		return invalid("is too old, or lies in the future")
	}
	return nil
}
