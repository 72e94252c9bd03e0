package cli

import (
	"bytes"
	"encoding/json"

	"github.com/sigil-dna/sigil"
)

// errExported stops an import of exported memories: an import would keep each one as the data of a new memory.
var errExported = sigil.NewInvalid("exported_memory", "", "this is a memory, as sigil export and list --json write it: it would become the data "+
	"of a new one, and its id, tenant, ttl, pin, tags and age would be lost. Importing memories is yet to come; jq -c .data keeps their data alone")

// isExported reports whether line is a memory as a daemon shows it.
func isExported(line []byte) bool {
	if !bytes.Contains(line, []byte(`"lastAccessed"`)) || !bytes.Contains(line, []byte(`"fadesAt"`)) { // nearly all
		return false
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(line, &members) != nil {
		return false
	}
	for _, name := range []string{"id", "tenant", "frequency", "pattern", "potential", "decay", "createdAt", "lastAccessed", "accessCount", "fadesAt", "ttl", "pinned", "policy"} {
		if _, found := members[name]; !found {
			return false
		}
	}
	return true
}
