package client_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

func TestVerifyWebhook(t *testing.T) {
	secret, body := []byte("0123456789abcdef"), []byte(`{"next":1}`)
	// printf '1700000000.{"next":1}' | openssl dgst -sha256 -hmac 0123456789abcdef
	const sum = "c431311dac1e96e9dd671a611f7bd2f1db9bbf8830ca5b53fd62bba85f2f73fd"
	at := time.Unix(1_700_000_000, 0)
	tests := []struct {
		name      string
		secret    []byte
		signature string
		body      []byte
		now       time.Time
		ok        bool
	}{
		{"right", secret, "t=1700000000,v1=" + sum, body, at, true},
		{"right, with others", secret, "t=1700000000, v0=x, v1=00, v1=" + sum, body, at, true},
		{"right, at the edge", secret, "t=1700000000,v1=" + sum, body, at.Add(time.Minute), true},
		{"old", secret, "t=1700000000,v1=" + sum, body, at.Add(61 * time.Second), false},
		{"ahead", secret, "t=1700000000,v1=" + sum, body, at.Add(-61 * time.Second), false},
		{"another time", secret, "t=1700000001,v1=" + sum, body, at, false},
		{"two times", secret, "t=1700000000,t=1700000000,v1=" + sum, body, at, false},
		{"another body", secret, "t=1700000000,v1=" + sum, []byte(`{"next":2}`), at, false},
		{"another secret", []byte("0123456789abcdeg"), "t=1700000000,v1=" + sum, body, at, false},
		{"no secret", nil, "t=1700000000,v1=" + sum, body, at, false},
		{"part of a sum", secret, "t=1700000000,v1=" + sum[:32], body, at, false},
		{"no sum", secret, "t=1700000000", body, at, false},
		{"no time", secret, "v1=" + sum, body, at, false},
		{"nothing", secret, "", body, at, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := client.VerifyWebhook(tt.secret, tt.signature, tt.body, tt.now, time.Minute)
			if (err == nil) != tt.ok || err != nil && !errors.Is(err, sigil.ErrInvalid) {
				t.Errorf("got %v, want ok %v", err, tt.ok)
			}
		})
	}
}
