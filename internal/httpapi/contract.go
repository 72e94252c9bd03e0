package httpapi

import (
	"bytes"
	_ "embed" // the document
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed openapi.yaml
var openAPISource []byte

// Prepare parses the OpenAPI document now (about 40 ms) rather than on the first request.
func Prepare() { openAPI() }

// contract is the OpenAPI document, parsed once. A test proves that it is valid, so parsing cannot fail.
type contract struct {
	json  []byte // with a placeholder for the version
	docs  document
	codes map[string]bool // those that it explains
}

var openAPI = sync.OnceValue(func() *contract {
	converted, err := yaml.YAMLToJSON(openAPISource)
	if err != nil {
		panic(fmt.Errorf("openapi.yaml: %w", err))
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, converted, "", " "); err != nil {
		panic(fmt.Errorf("openapi.yaml: %w", err))
	}
	c := &contract{json: indented.Bytes(), codes: map[string]bool{}}
	if err := json.Unmarshal(c.json, &c.docs); err != nil {
		panic(fmt.Errorf("openapi.yaml: %w", err))
	}
	for _, known := range c.docs.Codes {
		c.codes[known.Code] = true
	}
	return c
})

func (a *API) openAPI(c *call) error {
	version, err := json.Marshal(a.options.Version)
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-cache")
	c.bytesOf(http.StatusOK, jsonType, bytes.Replace(openAPI().json, []byte(`"{version}"`), version, 1))
	return nil
}
