package assistants

import (
	"bytes"
	"fmt"
	"strings"
)

// enterTOML enters a table at the end, or replaces the one that is there.
func enterTOML(text []byte, list, table string) ([]byte, error) {
	header := "[" + list + "." + server + "]"
	var out []byte
	skipping, done := false, false
	quoted := "" // the quotes of a text of several lines that has begun
	for line := range bytes.Lines(text) {
		name := strings.Join(strings.Fields(string(line)), "")
		if quoted == "" && strings.HasPrefix(name, "[") {
			name = strings.NewReplacer(`"`, "", "'", "").Replace(name)
			name, _, _ = strings.Cut(name, "#")
			mine := name == header
			if mine && done {
				return nil, fmt.Errorf("has %s twice, so it is left as it is", header)
			}
			// Tables inside ours, such as its environment, stay.
			if skipping = mine; mine {
				out, done = append(out, table...), true
			}
		} else if quoted == "" && (strings.HasPrefix(name, list+"=") || strings.HasPrefix(name, list+"."+server)) {
			return nil, fmt.Errorf("has %s in a form that is not understood, so it is left as it is", list)
		}
		for _, quotes := range []string{`"""`, "'''"} {
			if (quoted == "" || quoted == quotes) && strings.Count(string(line), quotes)%2 == 1 {
				quoted = map[bool]string{true: quotes}[quoted == ""]
				break
			}
		}
		if skipping && len(bytes.TrimSpace(line)) == 0 {
			out = append(out, line...) // the space before the next table
		}
		if !skipping {
			out = append(out, line...)
		}
	}
	if done {
		return out, nil
	}
	if len(out) > 0 && !bytes.HasSuffix(out, []byte("\n")) {
		out = append(out, '\n')
	}
	if len(out) > 0 {
		out = append(out, '\n')
	}
	return append(out, table...), nil
}
