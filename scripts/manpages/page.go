package main

import (
	"fmt"
	"iter"
	"regexp"
	"strings"
)

var (
	heading = regexp.MustCompile(`^([A-Z][A-Za-z ]*):$`)
	// entry matches a line of a list: a word, or a flag with its value, then two or more spaces and its
	// meaning.
	entry = regexp.MustCompile(`^ +(\S.*?)  +(\S.*)$`)
)

// section is a part of a help text: its heading, and the indented lines under it. The text before the first
// heading, and paragraphs between sections, are in sections without a heading.
type section struct {
	title string
	lines []string
}

// page returns the help of a command as a page of section 1.
func page(name, short, version, date, help string) string {
	text, sections := parse(help)
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 \"%s\" \"sigil %s\" \"Sigil\"\n", strings.ToUpper(escape(name)), date, escape(version))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", escape(name), escape(short))
	for _, s := range sections {
		if s.title == "Usage" {
			b.WriteString(".SH SYNOPSIS\n")
			verbatim(&b, s.lines)
		}
	}
	b.WriteString(".SH DESCRIPTION\n")
	paragraphs(&b, text)
	for _, s := range sections {
		switch s.title {
		case "Usage":
		case "Examples":
			b.WriteString(".SH EXAMPLES\n")
			verbatim(&b, s.lines)
		case "Flags", "Global Flags":
			fmt.Fprintf(&b, ".SH %s\n", strings.ToUpper(strings.Replace(s.title, "Flags", "Options", 1)))
			list(&b, s.lines, func(flag string) string { return `\fB` + escape(flag) + `\fR` })
		default:
			fmt.Fprintf(&b, ".SH %s\n", strings.ToUpper(escape(s.title)))
			list(&b, s.lines, func(command string) string { return reference(name + "-" + command) })
		}
	}
	if name != "sigil" {
		b.WriteString(".SH SEE ALSO\n")
		if i := strings.LastIndex(name, "-"); name[:i] != "sigil" {
			b.WriteString(reference(name[:i]) + ",\n")
		}
		b.WriteString(reference("sigil") + "\n")
	}
	return b.String()
}

// reference returns a reference to another page.
func reference(name string) string { return `\fB` + escape(name) + `\fR(1)` }

// subcommands returns the commands that a command's help lists, with what it says of each.
func subcommands(help string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		_, sections := parse(help)
		for _, s := range sections {
			if s.title != "Available Commands" {
				continue
			}
			for _, line := range s.lines {
				if m := entry.FindStringSubmatch(line); m != nil && !yield(m[1], m[2]) {
					return
				}
			}
		}
	}
}

// parse returns the paragraphs of a help text, and its sections.
func parse(help string) (text []string, sections []section) {
	in := -1 // the section that lines belong to, or -1
	for line := range strings.Lines(help) {
		line = strings.TrimRight(line, " \n")
		m := heading.FindStringSubmatch(line)
		switch {
		case m != nil:
			sections = append(sections, section{title: m[1]})
			in = len(sections) - 1
		case in >= 0 && (line == "" || line[0] == ' '):
			sections[in].lines = append(sections[in].lines, line)
		case strings.HasPrefix(line, `Use "sigil `) && strings.Contains(line, `[command] --help"`): // it has a page
		default:
			if in >= 0 {
				in = -1
				text = append(text, "") // it begins a paragraph
			}
			text = append(text, line)
		}
	}
	return text, sections
}

func paragraphs(b *strings.Builder, lines []string) {
	broken := true // no text since the last mark
	for _, line := range trimmed(lines) {
		switch {
		case line != "":
			b.WriteString(escape(line) + "\n")
			broken = false
		case !broken:
			b.WriteString(".PP\n")
			broken = true
		}
	}
}

func verbatim(b *strings.Builder, lines []string) {
	b.WriteString(".nf\n")
	for _, line := range trimmed(lines) {
		b.WriteString(escape(strings.TrimPrefix(line, "  ")) + "\n")
	}
	b.WriteString(".fi\n")
}

// list writes lines that each have a term and its meaning; a line without a meaning continues the meaning of
// the previous one.
func list(b *strings.Builder, lines []string, term func(string) string) {
	for _, line := range trimmed(lines) {
		if m := entry.FindStringSubmatch(line); m != nil {
			fmt.Fprintf(b, ".TP\n%s\n%s\n", term(m[1]), escape(m[2]))
		} else {
			b.WriteString(escape(strings.TrimSpace(line)) + "\n")
		}
	}
}

// trimmed returns lines without the empty ones at the end.
func trimmed(lines []string) []string {
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

var escapes = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`)

// escape returns text in the form that troff prints unchanged.
func escape(text string) string {
	text = escapes.Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}
