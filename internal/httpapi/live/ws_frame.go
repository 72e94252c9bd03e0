package live

import (
	"encoding/binary"
	"math"
)

// Text messages are framed here; the library frames only control messages. It would write a text that has
// three parts as three frames, each with a system call, while hundreds of subscribers are waiting for the
// same text.

// frameRoom is the maximum length in bytes of a frame's head.
const frameRoom = 10

// Bits of a frame's head, and the values of its second byte for longer frames (RFC 6455, 5.2).
const (
	finalText = 0x80 | 0x1
	maskedBit = 0x80
	size16    = 126
	size64    = 127
)

// appendHead appends the head of a frame that holds a whole text of n bytes, unmasked, as servers send it.
func appendHead(b []byte, n int) []byte {
	switch {
	case n < size16:
		return append(b, finalText, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, finalText, size16), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(b, finalText, size64), uint64(n))
}

// framed writes the head right before the text that begins after frameRoom bytes of b, and returns both.
func framed(b []byte) []byte {
	n := len(b) - frameRoom
	var head [frameRoom]byte
	h := appendHead(head[:0], n)
	from := frameRoom - len(h)
	copy(b[from:], h)
	return b[from:]
}
