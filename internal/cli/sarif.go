package cli

import (
	"bytes"
	"encoding/json"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/sigil-dna/sigil/internal/codesign"
)

// sarif prints what is not authentic as a log of SARIF 2.1.0, result by result: there may be more than fits in memory.
type sarif struct {
	a     *app
	begun bool
	first bool // no result was printed yet
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifRule struct {
	ID               string    `json:"id"`
	ShortDescription sarifText `json:"shortDescription"`
	Default          struct {
		Level string `json:"level"`
	} `json:"defaultConfiguration"`
}

type sarifResult struct {
	RuleID    string          `json:"ruleId"`
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations"`
}

type sarifLocation struct {
	Physical struct {
		Artifact struct {
			URI  string `json:"uri"`
			Base string `json:"uriBaseId,omitempty"`
		} `json:"artifactLocation"`
		Region *sarifRegion `json:"region,omitempty"`
	} `json:"physicalLocation"`
}

type sarifRegion struct {
	StartLine int `json:"startLine"`
	EndLine   int `json:"endLine,omitempty"`
}

// sarifRules are the verdicts that are worth a result.
var sarifRules = []struct {
	verdict     codesign.Verdict
	level, text string
}{
	{codesign.Tampered, "error", "The file is not what was signed"},
	{codesign.Revoked, "error", "The file's signature, or the key that made it, is revoked"},
	{codesign.Expired, "warning", "Trust in the key that signed the file has ended"},
	{codesign.UnknownKey, "warning", "The file is signed with a key that is not trusted"},
	{codesign.Unsigned, "warning", "The file is not signed"},
}

func sarifID(v codesign.Verdict) string { return "sigil/" + strings.ReplaceAll(string(v), " ", "-") }

// begin prints the log up to its first result.
func (s *sarif) begin() error {
	s.begun, s.first = true, true
	rules := make([]sarifRule, len(sarifRules))
	for i, r := range sarifRules {
		rules[i] = sarifRule{ID: sarifID(r.verdict), ShortDescription: sarifText{r.text}}
		rules[i].Default.Level = r.level
	}
	driver, err := sarifJSON(map[string]any{"name": "sigil verify", "version": s.a.version, "rules": rules})
	if err != nil {
		return err
	}
	_, err = s.a.out.WriteString(`{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"tool":{"driver":` + driver + `},"columnKind":"utf16CodeUnits","results":[`)
	return err
}

func (s *sarif) add(r *verified) error {
	if !s.begun {
		if err := s.begin(); err != nil {
			return err
		}
	}
	for _, rule := range sarifRules {
		if rule.verdict != r.Verdict {
			continue
		}
		text := r.Detail
		if r.What != "" {
			text = "the " + r.What + " was changed: " + text
		}
		if text == "" {
			text = "no signature"
		}
		result := sarifResult{RuleID: sarifID(r.Verdict), Level: rule.level, Message: sarifText{string(r.Verdict) + ": " + text + r.where()}, Locations: make([]sarifLocation, 1)}
		at := &result.Locations[0].Physical
		if r.uri != "" {
			at.Artifact.URI, at.Artifact.Base = (&url.URL{Path: r.uri}).String(), "%SRCROOT%"
		} else {
			at.Artifact.URI = (&url.URL{Path: filepath.ToSlash(r.path)}).String()
		}
		at.Region = &sarifRegion{StartLine: 1}
		if r.lines != nil {
			at.Region.StartLine, at.Region.EndLine = r.lines.first, r.lines.last
		}
		shown, err := sarifJSON(result)
		if err != nil {
			return err
		}
		if !s.first {
			shown = "," + shown
		}
		s.first = false
		_, err = s.a.out.WriteString("\n" + shown)
		return err
	}
	return nil
}

func (s *sarif) end() error {
	if !s.begun {
		if err := s.begin(); err != nil {
			return err
		}
	}
	_, err := s.a.out.WriteString("\n]}]}\n")
	return err
}

func sarifJSON(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return escape(strings.TrimSuffix(b.String(), "\n")), err
}
