package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
)

// lineKeys makes the idempotency key of each line of an input from the key of the command, the line's
// JSON and how many equal lines came before it. So a key does not depend on where its line stands nor on
// what becomes of the others: when an input is mended and given again, only what changed is new.
//
// It holds about 30 bytes for each line that differs from all others.
type lineKeys struct {
	command string
	seen    map[uint64]uint32 // how many lines had this hash
	compact bytes.Buffer
}

func newLineKeys(command string) *lineKeys {
	return &lineKeys{command: command, seen: map[uint64]uint32{}}
}

// next returns the key of the next line.
func (k *lineKeys) next(line []byte) string {
	k.compact.Reset()
	if json.Compact(&k.compact, line) == nil { // white space is no difference to the daemon either
		line = k.compact.Bytes()
	}
	content := sha256.Sum256(line)
	short := binary.LittleEndian.Uint64(content[:])
	k.seen[short]++

	b := make([]byte, 0, 256)
	b = binary.AppendUvarint(b, uint64(k.seen[short]))
	b = append(append(b, content[:]...), k.command...)
	key := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(key[:24])
}
