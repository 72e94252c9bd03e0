package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// body is the content of a request or an answer, in its usual form and in its other forms.
type body struct {
	Ref         string             `json:"$ref"`
	Description string             `json:"description"`
	Content     map[string]media   `json:"content"`
	Variants    []variant          `json:"x-variants"`
	Messages    map[string]*schema `json:"x-messages"`
}

type variant struct {
	When    string           `json:"when"`
	Content map[string]media `json:"content"`
}

type media struct {
	Schema   *schema  `json:"schema"`
	Examples examples `json:"examples"`
}

// examples are in the order in which the document has them.
type examples []example

func (all *examples) UnmarshalJSON(b []byte) error {
	var named map[string]example
	if err := json.Unmarshal(b, &named); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	for depth := 0; ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case json.Delim:
			depth += map[json.Delim]int{'{': 1, '[': 1, '}': -1, ']': -1}[token]
		case string:
			if e, ok := named[token]; ok && depth == 1 {
				*all = append(*all, e)
			}
		}
	}
}

type example struct {
	Ref     string          `json:"$ref"`
	Summary string          `json:"summary"`
	Value   json.RawMessage `json:"value"`
}

// Text returns the example in the form in which it is sent.
func (e example) Text() string {
	var text string
	if json.Unmarshal(e.Value, &text) == nil && strings.Contains(text, "\n") {
		return text // several lines, which together are not JSON
	}
	var b bytes.Buffer
	if err := json.Indent(&b, e.Value, "", "  "); err != nil {
		return string(e.Value)
	}
	return b.String()
}

// Forms returns all forms of a body, the usual one first.
func (b body) Forms() (all []form) {
	for _, v := range append([]variant{{Content: b.Content}}, b.Variants...) {
		for _, contentType := range slices.Sorted(maps.Keys(v.Content)) {
			m := v.Content[contentType]
			all = append(all, form{v.When, contentType, m.Schema, m.Examples})
		}
	}
	return all
}

// form is one form of a body.
type form struct {
	When, ContentType string
	Schema            *schema
	Examples          examples
}

// schema is the part of a JSON schema that the page shows.
type schema struct {
	Ref         string             `json:"$ref"`
	Description string             `json:"description"`
	Type        any                `json:"type"` // a string or a list of them
	Format      string             `json:"format"`
	Pattern     string             `json:"pattern"`
	Enum        []any              `json:"enum"`
	Const       any                `json:"const"`
	Default     any                `json:"default"`
	Minimum     any                `json:"minimum"`
	Maximum     any                `json:"maximum"`
	MaxItems    any                `json:"maxItems"`
	Items       *schema            `json:"items"`
	Properties  map[string]*schema `json:"properties"`
	Required    []string           `json:"required"`
	OneOf       []*schema          `json:"oneOf"`

	target *schema // the schema that Ref refers to, if its members are shown here, too
}

// Name returns the name of the schema that s, or its items, refer to, or "".
func (s *schema) Name() string {
	if s == nil {
		return ""
	}
	for _, one := range append([]*schema{s, s.Items}, s.OneOf...) {
		if one != nil && one.Ref != "" {
			name, _, _ := strings.Cut(strings.TrimPrefix(one.Ref, "#/components/schemas/"), "/") // the reference may be to a part
			return name
		}
	}
	return ""
}

// Kind describes in words which values s accepts. [schema.Name] returns the name of a schema it refers to.
func (s *schema) Kind() string {
	if s == nil {
		return "anything"
	}
	var kinds []string
	switch t := s.Type.(type) {
	case string:
		kinds = append(kinds, t)
	case []any:
		for _, one := range t {
			kinds = append(kinds, fmt.Sprint(one))
		}
	}
	if s.Items != nil {
		kinds = []string{"array of"}
		if s.Items.Ref == "" {
			kinds[0] += " " + s.Items.Kind() + "s"
		}
	}
	for _, one := range s.OneOf {
		if one.Ref == "" {
			kinds = append(kinds, "or "+one.Kind())
		}
	}
	text := strings.Join(kinds, ", ")
	for _, more := range []struct {
		name  string
		value any
	}{{"format", s.Format}, {"minimum", s.Minimum}, {"maximum", s.Maximum}, {"at most", s.MaxItems}, {"exactly", s.Const}, {"by default", s.Default}} {
		if more.value != nil && more.value != "" {
			text += fmt.Sprintf(", %s %v", more.name, more.value)
		}
	}
	for i, value := range s.Enum {
		text += map[bool]string{true: ": ", false: ", "}[i == 0] + fmt.Sprint(value)
	}
	return strings.TrimPrefix(text, ", ")
}

// Members returns the members of an object, the required ones first.
func (s *schema) Members() (all []member) {
	if s == nil {
		return nil
	}
	if s.target != nil {
		return s.target.Members()
	}
	if s.Items != nil && s.Items.Ref == "" {
		return s.Items.Members()
	}
	names := slices.Clone(s.Required)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if of := s.Properties[name]; of != nil {
			all = append(all, member{name, slices.Contains(s.Required, name), of})
		}
	}
	return all
}

type member struct {
	Name     string
	Required bool
	Of       *schema
}

var quoted = regexp.MustCompile("`([^`]+)`")

// prose renders a description of the document as HTML: text in backquotes as code, and blank lines as breaks.
func prose(text string) template.HTML {
	paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
	for i, p := range paragraphs {
		paragraphs[i] = quoted.ReplaceAllString(template.HTMLEscapeString(strings.Join(strings.Fields(p), " ")), "<code>$1</code>")
	}
	return template.HTML(strings.Join(paragraphs, "<br><br>")) //nolint:gosec // it was escaped
}
