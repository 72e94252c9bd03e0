package pgstore

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// array is a parameter of an array type in the database's binary form, built element by element. Otherwise
// half the work of an insert would be this conversion. No element is null.
type array struct {
	n int
	b []byte // the header and the elements
}

const arrayHeader = 5 * 4 // dimensions, flags, the elements' type, length, lower bound

func (a *array) reset() { a.n, a.b = 0, append(a.b[:0], make([]byte, arrayHeader)...) }

// of returns the parameter, as an array of elements of type oid.
func (a *array) of(oid uint32) []byte {
	if len(a.b) < arrayHeader {
		a.reset()
	}
	for i, v := range []uint32{1, 0, oid, uint32(a.n), 1} { // the number of elements is small
		binary.BigEndian.PutUint32(a.b[4*i:], v)
	}
	return a.b
}

func (a *array) element(size int) {
	if len(a.b) < arrayHeader {
		a.reset()
	}
	a.n++
	a.b = binary.BigEndian.AppendUint32(a.b, uint32(size)) // bounded by the limits of a request
}

func (a *array) text(s string) {
	a.element(len(s))
	a.b = append(a.b, s...)
}

func (a *array) bytes(s []byte) {
	a.element(len(s))
	a.b = append(a.b, s...)
}

func (a *array) int64(v int64) {
	a.element(8)
	a.b = binary.BigEndian.AppendUint64(a.b, uint64(v)) // the same bits
}

func (a *array) int32(v int) {
	a.element(4)
	a.b = binary.BigEndian.AppendUint32(a.b, uint32(v)) // in the column's format
}

// seconds adds d, which is in whole seconds.
func (a *array) seconds(d time.Duration) { a.int32(int(d / time.Second)) }

func (a *array) int16(v uint16) {
	a.element(2)
	a.b = binary.BigEndian.AppendUint16(a.b, v)
}

func (a *array) float(v float64) {
	a.element(8)
	a.b = binary.BigEndian.AppendUint64(a.b, math.Float64bits(v))
}

func (a *array) bool(v bool) {
	a.element(1)
	if v {
		a.b = append(a.b, 1)
	} else {
		a.b = append(a.b, 0)
	}
}

// epoch is the start of the database's time, in microseconds.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

func (a *array) time(t time.Time) { a.int64(t.UnixMicro() - epoch) }

// deadline adds t, or infinity for the zero time.
func (a *array) deadline(t time.Time) {
	if t.IsZero() {
		a.int64(math.MaxInt64)
		return
	}
	a.time(t)
}

// These are the types of elements.
const (
	oidText  = pgtype.TextOID
	oidUUID  = pgtype.UUIDOID
	oidTime  = pgtype.TimestamptzOID
	oidInt8  = pgtype.Int8OID
	oidInt4  = pgtype.Int4OID
	oidInt2  = pgtype.Int2OID
	oidFloat = pgtype.Float8OID
	oidBool  = pgtype.BoolOID
	oidBytes = pgtype.ByteaOID
)
