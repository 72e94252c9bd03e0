package sigil

import "fmt"

// OnDuplicate is what an encode does if its tenant has a live memory with the same content, that is with the same
// [Hash]. The zero value is [Keep].
type OnDuplicate string

// The choices. Whatever the choice, a memory of another tenant is no duplicate, nor is one past its deadline.
const (
	// Keep encodes the memory all the same, as if there were no other.
	Keep OnDuplicate = "keep"
	// Reinforce recalls the memory that is there, and adds the tags that it does not have.
	Reinforce OnDuplicate = "reinforce"
	// Reject refuses the encode.
	Reject OnDuplicate = "reject"
)

// Check returns [ErrInvalid] unless o is one of the choices or empty.
func (o OnDuplicate) Check() error {
	switch o {
	case "", Keep, Reinforce, Reject:
		return nil
	}
	return NewInvalid("invalid_on_duplicate", "onDuplicate", `must be "keep", "reinforce" or "reject"`)
}

// Unique reports whether an encode with o never leaves two live memories with the same content.
func (o OnDuplicate) Unique() bool { return o == Reinforce || o == Reject }

// NewDuplicate returns the [ErrConflict] for a rejected encode, whose content the memory id has.
func NewDuplicate(id ID) *Error {
	return &Error{
		Kind: ErrConflict, Code: "duplicate", Field: "data", Duplicate: id,
		Detail: fmt.Sprintf("the memory %s has this content", id),
	}
}
