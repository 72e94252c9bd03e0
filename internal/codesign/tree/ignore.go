package tree

import (
	"bufio"
	"bytes"
	"regexp"
	"strings"
)

// ignoreFiles hold patterns of files to leave out, in each folder; those of a later one come after those before it.
// They themselves are never left out, so that a signature can guard what they say.
var ignoreFiles = []string{".gitignore", ".sigilignore"}

// never are folders that are not looked into, whatever the patterns say.
var never = map[string]bool{
	".git": true, ".hg": true, ".svn": true, ".jj": true,
	"node_modules": true, "__pycache__": true, ".venv": true,
}

// A pattern is a line of a .gitignore.
type pattern struct {
	path    *regexp.Regexp // of the path below the file's folder
	negated bool
	folders bool // matches folders only
}

// rules are the patterns of one folder, and of those above it.
type rules struct {
	above    *rules
	folder   string // slash-separated and without a slash at the end, as in the paths that are asked for
	patterns []pattern
}

// ignored reports whether the rules leave a path out whose folder they do not leave out. The last pattern that matches
// decides, and those of a folder further down come later.
func (r *rules) ignored(path string, folder bool) bool {
	for ; r != nil; r = r.above {
		below := strings.TrimPrefix(strings.TrimPrefix(path, r.folder), "/")
		for i := len(r.patterns) - 1; i >= 0; i-- {
			p := &r.patterns[i]
			if (folder || !p.folders) && p.path.MatchString(below) {
				return !p.negated
			}
		}
	}
	return false
}

// parseIgnore reads the content of an ignore file, in the syntax of gitignore(5). Lines that are no pattern are passed
// over, as git does.
func parseIgnore(file []byte) (patterns []pattern) {
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))))
	lines.Buffer(nil, len(file)+1)
	for lines.Scan() {
		if p, ok := parsePattern(lines.Text()); ok {
			patterns = append(patterns, p)
		}
	}
	return patterns
}

func parsePattern(line string) (p pattern, ok bool) {
	if strings.HasPrefix(line, "#") {
		return p, false
	}
	line = withoutSpaces(line)
	if line, p.negated = strings.CutPrefix(line, "!"); line == "" {
		return p, false
	}
	line, p.folders = strings.CutSuffix(line, "/")
	anchored := strings.Contains(line, "/")
	line = strings.TrimPrefix(line, "/")
	if line == "" {
		return p, false
	}
	var b strings.Builder
	b.WriteString(`(?s)^`)
	if !anchored {
		b.WriteString(`(?:.*/)?`)
	}
	if !glob(&b, line) {
		return p, false
	}
	b.WriteString(`$`)
	var err error
	p.path, err = regexp.Compile(b.String())
	return p, err == nil
}

// withoutSpaces takes spaces off the end of a line, save for one after a backslash.
func withoutSpaces(line string) string {
	end := 0
	for i := 0; i < len(line); i++ {
		if line[i] == '\\' {
			i++
			end = min(i+1, len(line))
		} else if line[i] != ' ' {
			end = i + 1
		}
	}
	return line[:end]
}

// glob writes a pattern as a regular expression, and reports whether it is one.
func glob(b *strings.Builder, line string) bool {
	for i := 0; i < len(line); i++ {
		rest := line[i:]
		atStart := i == 0 || line[i-1] == '/'
		switch {
		case atStart && strings.HasPrefix(rest, "**/"):
			b.WriteString(`(?:.*/)?`)
			i += 2
		case atStart && i > 0 && rest == "**":
			b.WriteString(`.+`)
			i++
		case rest[0] == '*':
			b.WriteString(`[^/]*`)
		case rest[0] == '?':
			b.WriteString(`[^/]`)
		case rest[0] == '[':
			n := class(b, rest)
			if n == 0 {
				return false
			}
			i += n - 1
		case rest[0] == '\\':
			if len(rest) == 1 {
				return false
			}
			i++
			b.WriteString(regexp.QuoteMeta(rest[1:2]))
		default:
			b.WriteString(regexp.QuoteMeta(rest[:1]))
		}
	}
	return true
}

// class writes the class of characters that s begins with, and returns its length, or 0 if it has no end.
func class(b *strings.Builder, s string) int {
	i := 1
	negated := i < len(s) && (s[i] == '!' || s[i] == '^')
	if negated {
		i++
	}
	var in strings.Builder
	for first := true; i < len(s); i++ {
		switch {
		case s[i] == ']' && !first:
			if negated {
				b.WriteString(`[^/` + in.String() + `]`)
			} else {
				b.WriteString(`[` + in.String() + `]`)
			}
			return i + 1
		case s[i] == '[' && strings.HasPrefix(s[i:], "[:") && strings.Contains(s[i:], ":]"):
			n := strings.Index(s[i:], ":]") + len(":]")
			in.WriteString(s[i : i+n])
			i += n - 1
		case s[i] == '-' && !first && i+1 < len(s) && s[i+1] != ']':
			in.WriteByte('-')
		case s[i] == '\\' && i+1 < len(s):
			i++
			in.WriteString(regexp.QuoteMeta(s[i : i+1]))
		default:
			if strings.IndexByte(`[]^-&~`, s[i]) >= 0 {
				in.WriteByte('\\')
			}
			in.WriteByte(s[i])
		}
		first = false
	}
	return 0
}
