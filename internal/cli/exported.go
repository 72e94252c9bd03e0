package cli

import (
	"bytes"
	"encoding/json"

	"github.com/sigil-dna/sigil"
)

// errExported stops an encode of exported memories: it would store each one as the data of a new memory. So does an import, if they are
// between other lines.
var errExported = sigil.NewInvalid("exported_memory", "", "this is a memory, as sigil export and list --json write it: it would become the data "+
	"of a new one. sigil import --from sigil brings back its data, tags, state, ttl, life and pin; jq -c .data writes only its data")

// isExported reports whether line is a memory as a daemon writes it.
func isExported(line []byte) bool {
	if bytes.HasPrefix(line, []byte(`{"sigil":"export","version":`)) {
		return true
	}
	if !bytes.Contains(line, []byte(`"lastAccessed"`)) || !bytes.Contains(line, []byte(`"fadesAt"`)) { // true for nearly all lines
		return false
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(line, &members) != nil {
		return false
	}
	for _, name := range []string{"id", "tenant", "frequency", "potential", "createdAt", "lastAccessed", "accessCount", "fadesAt", "ttl", "pinned", "policy"} {
		if _, found := members[name]; !found {
			return false
		}
	}
	return true
}
