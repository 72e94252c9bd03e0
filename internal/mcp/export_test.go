package mcp

import sdk "github.com/modelcontextprotocol/go-sdk/mcp"

// NewWith returns a server as New does, with options of the library that are changed, and with what add adds instead of
// tools, resources and prompts.
func NewWith(o Options, change func(*sdk.ServerOptions), add func(*sdk.Server)) *Server {
	s := &Server{log: o.Logger, timeout: o.Timeout}
	options := s.options()
	change(options)
	server := s.server(o.Version, options)
	add(server)
	s.handle(map[string]*sdk.Server{"": server})
	return s
}
