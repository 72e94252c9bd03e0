package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
)

// lineKeys makes the idempotency key of each line of an input from the command's key, the line's value and the number
// of equal lines before it. A key does not depend on the place of the line or on other lines: when an input is
// corrected and imported again, only what has changed is new.
//
// It takes about 30 bytes for each distinct line.
type lineKeys struct {
	command string
	seen    map[uint64]uint32 // the number of lines by their hash
}

func newLineKeys(command string) *lineKeys {
	return &lineKeys{command: command, seen: map[uint64]uint32{}}
}

// next returns the key of the next line.
func (k *lineKeys) next(line []byte) string {
	content := sha256.Sum256(uniform(line))
	short := binary.LittleEndian.Uint64(content[:])
	k.seen[short]++

	b := make([]byte, 0, 256)
	b = binary.AppendUvarint(b, uint64(k.seen[short]))
	b = append(append(b, content[:]...), k.command...)
	key := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(key[:24])
}

// uniform returns line in a form that is the same for all lines that are the same request to the daemon. White space,
// the order of members and the spelling of strings make no difference; the digits of numbers do.
func uniform(line []byte) []byte {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	var value any
	if dec.Decode(&value) != nil {
		return line // the daemon will refuse it
	}
	text, err := json.Marshal(value)
	if err != nil {
		return line
	}
	return text
}
