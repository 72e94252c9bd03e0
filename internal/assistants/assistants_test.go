package assistants

import (
	"encoding/json"
	"strings"
	"testing"
)

func named(t *testing.T, name string) *Client {
	t.Helper()
	for i := range Clients {
		if Clients[i].Name == name {
			return &Clients[i]
		}
	}
	t.Fatalf("no client %q", name)
	return nil
}

func enter(t *testing.T, client, text string) string {
	t.Helper()
	got, err := named(t, client).Enter([]byte(text), "/opt/a b/sigil", []string{"mcp"})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	again, err := named(t, client).Enter(got, "/opt/a b/sigil", []string{"mcp"})
	if err != nil || string(again) != string(got) {
		t.Errorf("entered twice: %v\n%s", err, again)
	}
	return string(got)
}

const entry = `{ "command": "/opt/a b/sigil", "args": ["mcp"] }`

func TestEnterJSON(t *testing.T) {
	for before, want := range map[string]string{
		"":                   "{\n  \"mcpServers\": {\n    \"sigil\": " + entry + "\n  }\n}\n",
		"{}":                 "{\n  \"mcpServers\": {\n    \"sigil\": " + entry + "\n  }\n}",
		"{\n\t\"a\": 1\n}\n": "{\n\t\"a\": 1,\n\t\"mcpServers\": {\n\t\t\"sigil\": " + entry + "\n\t}\n}\n",
		"{\n  // mine\n  \"mcpServers\": {\n    \"b\": {\"x\": [1, \"}\"]}, // b\n  },\n}\n":   "{\n  // mine\n  \"mcpServers\": {\n    \"b\": {\"x\": [1, \"}\"]}, // b\n    \"sigil\": " + entry + ",\n  },\n}\n",
		"{\n  \"mcpServers\": {\n    \"b\": 1 // b\n  }\n}\n":                                  "{\n  \"mcpServers\": {\n    \"b\": 1, // b\n    \"sigil\": " + entry + "\n  }\n}\n",
		"{\"mcpServers\": {\"b\": 1,}}":                                                        "{\"mcpServers\": {\"b\": 1,\n\"sigil\": " + entry + ",}}",
		"{\"mcpServers\": {}, \"big\": 9007199254740993}":                                      "{\"mcpServers\": {\n  \"sigil\": " + entry + "\n}, \"big\": 9007199254740993}",
		"{\n  \"mcpServers\": {\n    \"sigil\": {\"command\": \"old\"},\n    \"b\": 1\n  }\n}": "{\n  \"mcpServers\": {\n    \"sigil\": " + entry + ",\n    \"b\": 1\n  }\n}",
	} {
		if got := enter(t, "cursor", before); got != want {
			t.Errorf("%q became\n%s\nwant\n%s", before, got, want)
		}
	}
	for _, bad := range []string{"[]", "{", "{]", `{"a"}`, `{"a":}`, `{"a":1 "b":2}`, `{"mcpServers": []}`, `{"mcpServers": null}`, `{"mcpServers":{},"mcpServers":{}}`, "{} {}", `{"a": "`, `{"a": [}`} {
		if got, err := named(t, "cursor").Enter([]byte(bad), "sigil", nil); err == nil {
			t.Errorf("%s became %s", bad, got)
		}
	}
}

func TestEnterTOML(t *testing.T) {
	const table = "[mcp_servers.sigil]\ncommand = \"/opt/a b/sigil\"\nargs = [\"mcp\"]\n"
	for before, want := range map[string]string{
		"":                  table,
		"model = \"o\"":     "model = \"o\"\n\n" + table,
		"[mcp_servers.b]\n": "[mcp_servers.b]\n\n" + table,
		"a = 1\n[mcp_servers.\"sigil\"] # old\ncommand = \"old\"\n\n[mcp_servers.sigil.env]\nA = \"b\"\n": "a = 1\n" + table + "\n[mcp_servers.sigil.env]\nA = \"b\"\n",
		"a = \"\"\"\n[mcp_servers.sigil]\n\"\"\"\n":                                                       "a = \"\"\"\n[mcp_servers.sigil]\n\"\"\"\n\n" + table,
	} {
		if got := enter(t, "codex", before); got != want {
			t.Errorf("%q became\n%s\nwant\n%s", before, got, want)
		}
	}
	for _, bad := range []string{"mcp_servers = {}", "mcp_servers.sigil.command = \"x\"", "[mcp_servers.sigil]\n[mcp_servers.sigil]\n"} {
		if got, err := named(t, "codex").Enter([]byte(bad), "sigil", nil); err == nil {
			t.Errorf("%s became %s", bad, got)
		}
	}
}

// TestClients enters the server for each client, and reads it again.
func TestClients(t *testing.T) {
	for i := range Clients {
		c := &Clients[i]
		for _, goos := range []string{"linux", "darwin", "windows"} {
			s := System{GOOS: goos, Home: "/home/ada", Env: func(string) string { return "" }}
			if path := c.Path(s); !strings.HasPrefix(path, "/home/ada/") {
				t.Errorf("%s on %s: %s", c.Name, goos, path)
			}
		}
		if c.toml {
			continue
		}
		var got map[string]map[string]struct {
			Command string
			Args    []string
		}
		text := enter(t, c.Name, "")
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if e := got[c.list]["sigil"]; e.Command != "/opt/a b/sigil" || len(e.Args) != 1 {
			t.Errorf("%s: %s", c.Name, text)
		}
	}
}

// FuzzEnterJSON checks that valid JSON stays valid, and keeps its other members.
func FuzzEnterJSON(f *testing.F) {
	for _, seed := range []string{"{}", `{"a":{"b":[1,{"c":"\""}]}}`, `{"mcpServers":{"x":{}}}`, `{"mcpServers":{"sigil":1}}`, " {\n} "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := enterJSON([]byte(text), "mcpServers", "[7]")
		var before, after map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &before) != nil || before == nil || err != nil {
			return
		}
		if err := json.Unmarshal(got, &after); err != nil {
			t.Fatalf("%q became %q: %v", text, got, err)
		}
		for name, value := range before {
			if name != "mcpServers" && string(after[name]) != string(value) {
				t.Errorf("%q became %q", text, got)
			}
		}
	})
}
