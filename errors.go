package sigil

import (
	"errors"
	"fmt"
)

// The kinds of failure, found with [errors.Is]. Every error that the engine returns is one of them, or the caller's own
// context error.
var (
	ErrNotFound    = errors.New("not found")        // no such memory, or it has faded
	ErrConflict    = errors.New("conflict")         // contradicts what is there or in flight
	ErrInvalid     = errors.New("invalid")          // the input is wrong; nothing was stored
	ErrTooLarge    = errors.New("too large")        // the input is over a limit; nothing was stored
	ErrFull        = errors.New("full")             // the quota is used up, or the disk is full; nothing was stored
	ErrClosed      = errors.New("closed")           // the store or engine was closed
	ErrUnavailable = errors.New("unavailable")      // the store cannot answer now; trying later may help
	ErrGone        = errors.New("gone")             // the journal no longer goes back that far, or never got that far; or the memory is superseded
	ErrInternal    = errors.New("internal failure") // a bug or a damaged store
	ErrLocked      = errors.New("store is locked")  // another process holds the store
	ErrFormat      = errors.New("store format")     // the store was written by another version
)

// Error is a failure that a caller can act on.
type Error struct {
	// Kind is one of the Err values of this package; [errors.Is] finds it.
	Kind error
	// Code is stable, snake_case and meant for programs: its meaning never changes.
	Code string
	// Field names the part of the input that is wrong, as a path ("state.phi", "data/a/0"), or is empty. It never
	// contains a value.
	Field string
	// Detail is one sentence for people. It never contains any data of a memory.
	Detail string
	// Oldest is set with code position_gone: the position after which the journal is still whole.
	Oldest uint64
	// Newest is set with code position_ahead: the position of the journal's newest entry.
	Newest *uint64
	// Duplicate is set with code duplicate: the memory that has the content.
	Duplicate ID
	// SupersededBy is set with code superseded: the memory that corrects the one asked for.
	SupersededBy ID
	// Err is the cause, for logs; it may be nil.
	Err error
}

func (e *Error) Error() string {
	s := e.Code
	if e.Field != "" {
		s += ": " + e.Field
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// NewInvalid returns an [ErrInvalid] about field.
func NewInvalid(code, field, detail string) *Error {
	return &Error{Kind: ErrInvalid, Code: code, Field: field, Detail: detail}
}

// NewTooLarge returns an [ErrTooLarge] about field.
func NewTooLarge(code, field, detail string) *Error {
	return &Error{Kind: ErrTooLarge, Code: code, Field: field, Detail: detail}
}

// NewNotFound returns the [ErrNotFound] for a memory that does not exist. It is the same whatever the reason: never
// encoded, another tenant's, faded, forgotten or erased.
func NewNotFound() *Error {
	return &Error{Kind: ErrNotFound, Code: "not_found", Field: "id", Detail: "no such memory: it was never kept, has faded, or was forgotten or erased"}
}

// NewSuperseded returns the error, of a kind, for a memory that the memory by corrects: [ErrGone] for a read, [ErrConflict] for a
// change that needs it live.
func NewSuperseded(kind error, by ID) *Error {
	return &Error{
		Kind: kind, Code: "superseded", Field: "id", SupersededBy: by,
		Detail: fmt.Sprintf("the memory was corrected, and the memory %s has taken its place: use that one", by),
	}
}

// NewNotClaimed returns the [ErrConflict] for a caller that uses a name without holding its lease.
func NewNotClaimed() *Error {
	return &Error{Kind: ErrConflict, Code: "not_claimed", Field: "name", Detail: "the caller does not hold the lease on this name"}
}

// NewPositionGone returns the [ErrGone] for a reader whose position is before oldest, the position after which the
// journal is whole.
func NewPositionGone(oldest uint64) *Error {
	return &Error{
		Kind: ErrGone, Code: "position_gone", Field: "after", Oldest: oldest,
		Detail: fmt.Sprintf("entries after this position were dropped; the journal is whole after position %d", oldest),
	}
}

// NewPositionAhead returns the [ErrGone] for a reader whose position is beyond the journal's newest. That happens only
// if the store was restored from an older copy: the entries that the reader saw after newest are gone.
func NewPositionAhead(newest uint64) *Error {
	return &Error{
		Kind: ErrGone, Code: "position_ahead", Field: "after", Newest: &newest,
		Detail: fmt.Sprintf("the journal ends at position %d, before this one: the store was restored from an older copy, which lacks what was read after that position. Load the memories again, and continue after it", newest),
	}
}

// NewPositionReplaced returns the [ErrGone] for a reader whose token names another entry than the one at its position: the store
// was restored from an older copy and has written other entries since. It has the same code as that of [NewPositionAhead].
func NewPositionReplaced(newest uint64) *Error {
	return &Error{
		Kind: ErrGone, Code: "position_ahead", Field: "after", Newest: &newest,
		Detail: fmt.Sprintf("the entry at this position is another one: the store was restored from an older copy, which lacks what was read, and has written since. Load the memories again, and continue after position %d", newest),
	}
}

// CodeOf returns the code of the [Error] in err, "internal" if there is none, and "" for nil.
func CodeOf(err error) string {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	}
	return "internal"
}
