package sigil_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/sigil-dna/sigil"
)

func TestErrorsAreFoundByKindAndCause(t *testing.T) {
	cause := errors.New("disk on fire")
	err := fmt.Errorf("encode: %w", &sigil.Error{Kind: sigil.ErrUnavailable, Code: "store_unavailable", Field: "data", Detail: "later", Err: cause})
	if !errors.Is(err, sigil.ErrUnavailable) || !errors.Is(err, cause) || errors.Is(err, sigil.ErrInternal) {
		t.Errorf("%v is not what it should be", err)
	}
	if got := err.Error(); got != "encode: store_unavailable: data: later: disk on fire" {
		t.Errorf("text %q", got)
	}
	if !errors.Is(sigil.NewNotFound(), sigil.ErrNotFound) || !errors.Is(sigil.NewTooLarge("x", "", ""), sigil.ErrTooLarge) {
		t.Error("a kind is not found")
	}
	for want, err := range map[string]error{"": nil, "store_unavailable": err, "internal": cause, "not_found": sigil.NewNotFound()} {
		if got := sigil.CodeOf(err); got != want {
			t.Errorf("code of %v: %q, want %q", err, got, want)
		}
	}
}
