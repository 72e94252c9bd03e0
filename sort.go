package sigil

// Sort is the order of a list of memories. The empty Sort is SortCreated.
type Sort string

// The orders of a list.
const (
	SortCreated  Sort = "created"  // newest first
	SortFades    Sort = "fades"    // soonest deadline first, then what never fades; the older id first among equals
	SortRecalled Sort = "recalled" // most recently accessed first; the newer id first among equals
	SortRecalls  Sort = "recalls"  // most recalls first; the newer id first among equals
)

// ByFigures reports whether the order follows from figures that a recall changes, and not only from the id.
func (s Sort) ByFigures() bool { return s != "" && s != SortCreated }

// Check returns [ErrInvalid] if there is no such order.
func (s Sort) Check() error {
	switch s {
	case "", SortCreated, SortFades, SortRecalled, SortRecalls:
		return nil
	}
	return NewInvalid("invalid_sort", "sort", "must be created, fades, recalled or recalls")
}
