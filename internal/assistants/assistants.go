// Package assistants knows where assistants keep the list of their MCP servers, and enters a server there. It changes
// the text of a file only where the entry is: all else, comments too, stays as it is. It reads and writes no files.
package assistants

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
)

// Client is an assistant whose settings have a list of servers.
type Client struct {
	Name  string // in the command, such as "claude-code"
	Title string

	list  string // the member of the settings that has the servers
	extra string // what an entry begins with, besides command and arguments
	toml  bool
	path  func(System) string
}

// System is what decides where settings are.
type System struct {
	GOOS string
	Env  func(name string) string
	Home string
}

// config returns the folder of programs' settings.
func (s System) config() string {
	switch {
	case s.GOOS == "darwin":
		return filepath.Join(s.Home, "Library", "Application Support")
	case s.GOOS == "windows" && s.Env("APPDATA") != "":
		return s.Env("APPDATA")
	}
	return s.xdg()
}

// xdg returns the folder of settings of programs that follow the XDG specification on all systems but Windows.
func (s System) xdg() string {
	if dir := s.Env("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(s.Home, ".config")
}

// Clients are all known assistants.
var Clients = []Client{
	{Name: "claude-code", Title: "Claude Code", list: "mcpServers", extra: `"type": "stdio", `, path: func(s System) string {
		if dir := s.Env("CLAUDE_CONFIG_DIR"); dir != "" {
			return filepath.Join(dir, ".claude.json")
		}
		return filepath.Join(s.Home, ".claude.json")
	}},
	{Name: "claude-desktop", Title: "Claude Desktop", list: "mcpServers", path: func(s System) string {
		return filepath.Join(s.config(), "Claude", "claude_desktop_config.json")
	}},
	{Name: "codex", Title: "Codex", list: "mcp_servers", toml: true, path: func(s System) string {
		if dir := s.Env("CODEX_HOME"); dir != "" {
			return filepath.Join(dir, "config.toml")
		}
		return filepath.Join(s.Home, ".codex", "config.toml")
	}},
	{Name: "cursor", Title: "Cursor", list: "mcpServers", path: func(s System) string {
		return filepath.Join(s.Home, ".cursor", "mcp.json")
	}},
	{Name: "vscode", Title: "VS Code", list: "servers", extra: `"type": "stdio", `, path: func(s System) string {
		return filepath.Join(s.config(), "Code", "User", "mcp.json")
	}},
	{Name: "zed", Title: "Zed", list: "context_servers", path: func(s System) string {
		if s.GOOS == "windows" {
			return filepath.Join(s.config(), "Zed", "settings.json")
		}
		return filepath.Join(s.xdg(), "zed", "settings.json")
	}},
}

// Path returns the file with the assistant's settings, which need not exist.
func (c *Client) Path(s System) string { return c.path(s) }

// server is the name of the entry.
const server = "sigil"

// Enter returns text, the assistant's settings, with an entry for a server that is started by command. Text is nil if there are
// none yet. If the entry is there already, it is replaced. An error means that the text is not understood.
func (c *Client) Enter(text []byte, command string, args []string) ([]byte, error) {
	program, err := quote(command)
	if err != nil {
		return nil, err
	}
	list := []byte("[")
	for i, arg := range args {
		q, err := quote(arg)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			list = append(list, ", "...)
		}
		list = append(list, q...)
	}
	list = append(list, ']')
	if c.toml {
		return enterTOML(text, c.list, fmt.Sprintf("[%s.%s]\ncommand = %s\nargs = %s\n", c.list, server, program, list))
	}
	return enterJSON(text, c.list, fmt.Sprintf(`{ %s"command": %s, "args": %s }`, c.extra, program, list))
}

// quote returns a string of JSON, which is one of TOML, too.
func quote(s string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}
