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

// openAPIJSON gives the document as JSON, its version still to be filled in. A test sees to it that it
// is good, so that it cannot fail.
var openAPIJSON = sync.OnceValue(func() []byte {
	converted, err := yaml.YAMLToJSON(openAPISource)
	if err != nil {
		panic(fmt.Errorf("openapi.yaml: %w", err))
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, converted, "", " "); err != nil {
		panic(fmt.Errorf("openapi.yaml: %w", err))
	}
	return indented.Bytes()
})

// contract is the OpenAPI document as it is served, and what else is made of it.
type contract struct {
	json  []byte
	docs  page
	codes map[string]bool // those it explains
}

func newContract(version string) contract {
	quoted, _ := json.Marshal(version) // a string is always JSON
	served := bytes.Replace(openAPIJSON(), []byte(`"{version}"`), quoted, 1)
	var d document
	if err := json.Unmarshal(served, &d); err != nil {
		panic(fmt.Errorf("openapi.yaml: %w", err))
	}
	codes := make(map[string]bool, len(d.Codes))
	for _, c := range d.Codes {
		codes[c.Code] = true
	}
	return contract{json: served, docs: render("docs", &d), codes: codes}
}

func (a *API) openAPI(c *call) error {
	c.Header().Set("Cache-Control", "no-cache")
	c.bytesOf(http.StatusOK, jsonType, a.contract.json)
	return nil
}
