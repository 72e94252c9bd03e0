package mcp

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// notHandled is how the library begins its refusal of a method that it does not know.
const notHandled = "JSON RPC not handled: "

// unknownMethods is a writer of one answer. Before 2026-07-28, the library refuses a method that it does not know by status
// 400 and a text, which clients take for a fault of the connection. Instead, unknownMethods writes the error that
// JSON-RPC has for it.
type unknownMethods struct {
	http.ResponseWriter
	request []byte
	held    bool // the status 400, until it is known what is written with it
}

func (u *unknownMethods) Unwrap() http.ResponseWriter { return u.ResponseWriter }

func (u *unknownMethods) WriteHeader(status int) {
	if status == http.StatusBadRequest {
		u.held = true
		return
	}
	u.ResponseWriter.WriteHeader(status)
}

func (u *unknownMethods) Write(p []byte) (int, error) {
	if !u.held {
		return u.ResponseWriter.Write(p)
	}
	if text, ok := bytes.CutPrefix(p, []byte(notHandled)); ok {
		if answer := u.answer(string(bytes.TrimSpace(text))); answer != nil {
			u.held = false
			u.Header().Set("Content-Type", "application/json")
			if _, err := u.ResponseWriter.Write(answer); err != nil {
				return 0, err
			}
			return len(p), nil
		}
	}
	u.release()
	return u.ResponseWriter.Write(p)
}

// release writes a status that is held.
func (u *unknownMethods) release() {
	if u.held {
		u.held = false
		u.ResponseWriter.WriteHeader(http.StatusBadRequest)
	}
}

// answer returns the error of JSON-RPC, or nil if the request is not one call.
func (u *unknownMethods) answer(text string) []byte {
	var request struct {
		ID json.RawMessage `json:"id"`
	}
	if json.Unmarshal(u.request, &request) != nil || len(request.ID) == 0 {
		return nil
	}
	answer, err := json.Marshal(struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   *jsonrpc.Error  `json:"error"`
	}{"2.0", request.ID, &jsonrpc.Error{Code: jsonrpc.CodeMethodNotFound, Message: text}})
	if err != nil {
		return nil
	}
	return answer
}
