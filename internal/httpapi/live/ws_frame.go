package live

import (
	"encoding/binary"
	"math"
)

// Texts are framed here, and only control frames by the library: it would write a text in three parts as three frames,
// each with a system call, and hundreds of subscribers get theirs at once.

// frameRoom is the most bytes that the head of a frame has.
const frameRoom = 10

// Bits of a frame's head, and the values of its second byte for longer ones (RFC 6455, 5.2).
const (
	finalText = 0x80 | 0x1
	maskedBit = 0x80
	size16    = 126
	size64    = 127
)

// appendHead appends the head of a frame that is a whole text of n bytes, not masked: a server's.
func appendHead(b []byte, n int) []byte {
	switch {
	case n < size16:
		return append(b, finalText, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, finalText, size16), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(b, finalText, size64), uint64(n))
}

// framed puts the head before the text that begins after frameRoom bytes of b, and returns both.
func framed(b []byte) []byte {
	n := len(b) - frameRoom
	var head [frameRoom]byte
	h := appendHead(head[:0], n)
	from := frameRoom - len(h)
	copy(b[from:], h)
	return b[from:]
}
