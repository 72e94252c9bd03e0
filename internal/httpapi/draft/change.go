package draft

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sigil-dna/sigil"
)

// Change reads {tags?, ttl?, life?, pinned?} as a JSON merge patch (RFC 7396): what is left out stays as it is, and null
// removes tags, ttl or life. It refers to nothing of body.
func (r Reader) Change(body []byte) (c sigil.Change, err error) {
	err = r.Object(body, func(name string, value []byte) error {
		switch name {
		case "tags":
			tags := []string{}
			if jsontext.Value(value).Kind() != 'n' {
				if tags, err = r.readTags(value); err != nil {
					return err
				}
			}
			c.Tags = &tags
		case "ttl":
			ttl, err := readTTL("ttl", value)
			c.TTL = &ttl
			return err
		case "life":
			life, err := readTTL("life", value)
			c.Life = &life
			return err
		case "pinned":
			pinned, err := readBool("pinned", value)
			c.Pinned = &pinned
			return err
		case "data", "state", "vector":
			return sigil.NewInvalid("immutable_field", name,
				"cannot be changed: encode what is right by POST /v1/sigils/{id}:correct, which replaces this memory")
		default:
			return UnknownField(name)
		}
		return nil
	})
	return c, err
}
