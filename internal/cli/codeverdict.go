package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/sigil-dna/sigil/internal/codesign"
)

// tally counts files by verdict.
type tally struct {
	files, unreadable int
	verdicts          map[codesign.Verdict]int
	registered        int  // of signatures that were to be registered
	lacking           bool // an unsigned file was named, or must be signed
}

// order is the one in which verdicts are counted up.
var order = []codesign.Verdict{
	codesign.Authentic, codesign.Tampered, codesign.Revoked, codesign.Expired, codesign.UnknownKey, codesign.Unsigned,
}

func (t *tally) String() string {
	parts := []string{}
	for _, v := range order {
		if n := t.verdicts[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	if t.unreadable > 0 {
		parts = append(parts, fmt.Sprintf("%d not readable", t.unreadable))
	}
	if len(parts) == 0 {
		return "no files"
	}
	return count(t.files, "file", "files") + ": " + strings.Join(parts, ", ")
}

// exit returns the error that the exit code is made of.
func (t *tally) exit() error {
	n := t.verdicts
	switch {
	case n[codesign.Tampered]+n[codesign.Revoked] > 0:
		return exitError(exitTampered)
	case t.unreadable > 0:
		return exitError(exitFailed)
	case n[codesign.UnknownKey]+n[codesign.Expired] > 0, t.lacking, n[codesign.Authentic] == 0:
		return exitError(exitUnproven)
	}
	return nil
}

// verifyOutput returns how a result is shown, and what comes after the last.
func (a *app) verifyOutput(v *verifying) (show func(*verified) error, finish func() error) {
	switch {
	case v.sarif:
		s := &sarif{a: a}
		return s.add, s.end
	case a.flags.json:
		return func(r *verified) error { return a.json(v.entry(r)) }, func() error { return nil }
	}
	return func(r *verified) error {
		if r.Verdict == codesign.Authentic && !v.verbose {
			return nil
		}
		_, err := fmt.Fprintf(a.out, "%s %s: %s\n", a.paint(colorOf(r.Verdict), fmt.Sprintf("%-11s", r.Verdict)), escape(r.path), escape(v.sentence(r)))
		return err
	}, func() error { return nil }
}

func colorOf(v codesign.Verdict) string {
	switch v {
	case codesign.Authentic:
		return green
	case codesign.Tampered, codesign.Revoked:
		return red
	}
	return yellow
}

// sentence returns what is known of a file as text, without its verdict and path.
func (v *verifying) sentence(r *verified) string {
	s := r.Detail
	if r.What != "" {
		s = r.What + ": " + s
	}
	if r.Verdict == codesign.Authentic {
		s = "signed by " + v.signer(r.Signature.Signer) + " at " + r.Signature.Time.UTC().Format(time.RFC3339)
		if r.registry != nil {
			s += r.registry.words()
		}
	}
	if s == "" {
		s = "no signature"
	}
	s += r.where()
	if r.detached != "" {
		s += ", by " + r.detached
	}
	return s
}

// where reports in which bytes and lines a file first differs, if that is known.
func (r *verified) where() string {
	if r.Differs == nil {
		return ""
	}
	from, last := r.Differs.From, r.Differs.To-1
	s := fmt.Sprintf("; it first differs in bytes %d to %d", from, last)
	if last <= from {
		s = fmt.Sprintf("; it first differs at byte %d", from)
	}
	switch {
	case r.lines == nil:
		return s
	case r.lines.first == r.lines.last:
		return fmt.Sprintf("%s, line %d", s, r.lines.first)
	}
	return fmt.Sprintf("%s, lines %d to %d", s, r.lines.first, r.lines.last)
}

// signer returns the id of a key with the name that the trust file has for it.
func (v *verifying) signer(id codesign.KeyID) string {
	if name := v.nameOf(id); name != "" {
		return name + " (" + id.String() + ")"
	}
	return id.String()
}

func (v *verifying) nameOf(id codesign.KeyID) string {
	for _, k := range v.trust.Keys() {
		if k.ID() == id {
			return k.Name
		}
	}
	return ""
}

// verifiedShown is what is known of a file as JSON.
type verifiedShown struct {
	Path      string           `json:"path"`
	Verdict   codesign.Verdict `json:"verdict"`
	What      string           `json:"what,omitempty"`
	Detail    string           `json:"detail,omitempty"`
	Detached  string           `json:"detached,omitempty"`
	Differs   *rangeShown      `json:"differs,omitempty"`
	SHA256    string           `json:"sha256,omitempty"`
	Signature *signatureShown  `json:"signature,omitempty"`
	Registry  *registryShown   `json:"registry,omitempty"`
}

// rangeShown is where a file differs first: bytes from From up to, but without, To, and their lines from 1.
type rangeShown struct {
	From      int64 `json:"from"`
	To        int64 `json:"to"`
	FirstLine int   `json:"firstLine,omitempty"`
	LastLine  int   `json:"lastLine,omitempty"`
}

func (v *verifying) entry(r *verified) verifiedShown {
	shown := verifiedShown{Path: r.path, Verdict: r.Verdict, What: r.What, Detail: r.Detail, Detached: r.detached, Signature: showSignature(r.Signature), Registry: r.registry}
	if r.SHA256 != [32]byte{} {
		shown.SHA256 = fmt.Sprintf("%x", r.SHA256)
	}
	if shown.Signature != nil {
		shown.Signature.SignedBy = v.nameOf(r.Signature.Signer)
	}
	if d := r.Differs; d != nil {
		shown.Differs = &rangeShown{From: d.From, To: d.To}
		if r.lines != nil {
			shown.Differs.FirstLine, shown.Differs.LastLine = r.lines.first, r.lines.last
		}
	}
	return shown
}
