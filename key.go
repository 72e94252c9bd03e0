package sigil

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// DefaultTenant owns what is kept without naming a tenant.
const DefaultTenant = "public"

// MaxTenant is the most bytes a tenant's name may have.
const MaxTenant = 64

// ID names one memory: a UUID version 7, whose first 48 bits are the millisecond of its creation, so
// that ids sort by age. The zero ID names nothing.
type ID = uuid.UUID

// NewID makes the id of a memory created at now. Ids made by one process within one millisecond of
// its own clock keep their order.
func NewID(now time.Time) ID {
	id := uuid.Must(uuid.NewV7()) // fails only when the system has no randomness, and then nothing is safe
	ms := now.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	return id
}

// ParseID reads the 36-character form. Any other form is [ErrInvalid].
func ParseID(s string) (ID, error) {
	id, err := uuid.Parse(s)
	if err != nil || len(s) != 36 {
		return ID{}, Invalid("invalid_id", "id", "is not a UUID of 36 characters")
	}
	return id, nil
}

// Key names one memory of one tenant. Every read, change and event belongs to exactly one.
type Key struct {
	Tenant string
	ID     ID
}

// String gives tenant/id, for logs and messages.
func (k Key) String() string { return k.Tenant + "/" + k.ID.String() }

// CheckTenant reports [ErrInvalid] unless name has 1 to [MaxTenant] bytes of a-z, A-Z, 0-9, '.', '_'
// and '-', and starts with a letter or digit.
func CheckTenant(name string) error {
	if name == "" || len(name) > MaxTenant {
		return Invalid("invalid_tenant", "tenant", fmt.Sprintf("has %d bytes; 1 to %d are allowed", len(name), MaxTenant))
	}
	for i := range len(name) {
		c := name[i]
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alnum && (i == 0 || c != '.' && c != '_' && c != '-') {
			return Invalid("invalid_tenant", "tenant", "may hold letters, digits, '.', '_' and '-' and starts with a letter or digit")
		}
	}
	return nil
}
