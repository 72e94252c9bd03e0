package cli

// What tests look at from outside.
var (
	Escape        = escape
	Cut           = cut
	Width         = width
	Span          = span
	Took          = took
	Size          = size
	Bar           = bar
	Percent       = percent
	ReadState     = readState
	NewLineReader = newLineReader
	ErrLongLine   = errLongLine
)

// Duration is the value of a flag.
type Duration = duration

// Next returns the next line and its number.
func (r *lineReader) Next() (string, int, error) {
	line, err := r.next()
	return string(line), r.number, err
}
