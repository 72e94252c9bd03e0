package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// WithVariants returns an OpenAPI document in which every form in x-variants is also in the content that it
// is a variant of. A validator does not know the extension, but must know all forms.
func WithVariants(document []byte) []byte {
	dec := json.NewDecoder(bytes.NewReader(document))
	dec.UseNumber() // positions of the journal exceed what a float64 can hold
	var root any
	if err := dec.Decode(&root); err != nil {
		panic(fmt.Sprintf("the document is not JSON: %v", err))
	}
	mergeVariants(root)
	merged, err := json.Marshal(root)
	if err != nil {
		panic(err)
	}
	return merged
}

func mergeVariants(v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			mergeVariants(item)
		}
	case map[string]any:
		for _, member := range v {
			mergeVariants(member)
		}
		variants, _ := v["x-variants"].([]any)
		for _, variant := range variants {
			content := v["content"].(map[string]any)
			for media, form := range variant.(map[string]any)["content"].(map[string]any) {
				first, ok := content[media].(map[string]any)
				if !ok {
					content[media] = form
					continue
				}
				first["schema"] = map[string]any{"anyOf": []any{first["schema"], form.(map[string]any)["schema"]}}
			}
		}
	}
}
