package wire

import (
	"strconv"
	"time"
)

// Timestamp is a time in RFC 3339, in UTC and with milliseconds: "2026-03-01T12:00:00.250Z". Fractions of a millisecond
// are cut off.
type Timestamp struct{ time.Time }

const timestampLayout = "2006-01-02T15:04:05.000Z"

// String returns the time as in JSON, without quotes.
func (t Timestamp) String() string { return t.UTC().Format(timestampLayout) }

// MarshalJSON returns the time as a JSON string.
func (t Timestamp) MarshalJSON() ([]byte, error) { return []byte(strconv.Quote(t.String())), nil }
