package codesign

import (
	"bytes"
	"path"
	"regexp"
	"strings"
)

// A style is how a language writes the lines of a header as a comment.
type style struct {
	name               string // signed with the header
	first, line, close string // what begins the first line and the others; the last line of a block comment
}

var (
	slashes = &style{name: "slashes", first: "// ", line: "// "}
	hashes  = &style{name: "hashes", first: "# ", line: "# "}
	dashes  = &style{name: "dashes", first: "-- ", line: "-- "}
	semis   = &style{name: "semicolons", first: "; ", line: "; "}
	block   = &style{name: "block", first: "/* ", line: " * ", close: " */"}
	markup  = &style{name: "markup", first: "<!-- ", line: "     ", close: "-->"}
)

// A language is what codesign knows about a kind of file: how a header is written, and what must stay before it.
type language struct {
	name  string
	style *style
	// before returns the length of what must stay at the start of b. b holds at least the first [window] bytes of the
	// file, less its byte order mark. Nil stands for none.
	before func(b []byte) int
}

var (
	golang     = &language{"Go", slashes, nil} // a build constraint may follow comments, and package docs need no line above
	ignoring   = &language{"ignore file", hashes, nil}
	cLanguage  = &language{"C", block, nil} // C89 knows no //
	cpp        = &language{"C++", slashes, nil}
	java       = &language{"Java", slashes, shebang}
	csharp     = &language{"C#", slashes, shebang}
	rust       = &language{"Rust", slashes, rustShebang}
	swift      = &language{"Swift", slashes, shebang}
	kotlin     = &language{"Kotlin", slashes, shebang}
	javascript = &language{"JavaScript", slashes, beforeJavaScript}
	python     = &language{"Python", hashes, beforePython}
	ruby       = &language{"Ruby", hashes, beforeRuby}
	perl       = &language{"Perl", hashes, shebang}
	shell      = &language{"shell", hashes, beforeShell}
	yaml       = &language{"YAML", hashes, beforeYAML}
	toml       = &language{"TOML", hashes, nil}
	ini        = &language{"INI", semis, nil}
	makefile   = &language{"Makefile", hashes, shebang}
	dockerfile = &language{"Dockerfile", hashes, beforeDockerfile}
	sql        = &language{"SQL", dashes, nil}
	lua        = &language{"Lua", dashes, shebang}
	haskell    = &language{"Haskell", dashes, shebang}
	html       = &language{"HTML", markup, beforeXML}
	xml        = &language{"XML", markup, beforeXML}
	css        = &language{"CSS", block, beforeCSS}
)

var byExtension = map[string]*language{
	".go": golang,
	".c":  cLanguage, ".h": cLanguage,
	".cc": cpp, ".cpp": cpp, ".cxx": cpp, ".hh": cpp, ".hpp": cpp, ".hxx": cpp,
	".java": java, ".cs": csharp, ".rs": rust, ".swift": swift, ".kt": kotlin, ".kts": kotlin,
	".js": javascript, ".mjs": javascript, ".cjs": javascript, ".jsx": javascript,
	".ts": javascript, ".mts": javascript, ".cts": javascript, ".tsx": javascript,
	".py": python, ".pyi": python, ".rb": ruby, ".pl": perl, ".pm": perl,
	".sh": shell, ".bash": shell, ".zsh": shell,
	".yaml": yaml, ".yml": yaml, ".toml": toml, ".ini": ini,
	".mk": makefile, ".dockerfile": dockerfile,
	".sql": sql, ".lua": lua, ".hs": haskell,
	".html": html, ".htm": html, ".xml": xml, ".svg": xml, ".xhtml": xml, ".css": css,
}

var byName = map[string]*language{
	"Makefile": makefile, "makefile": makefile, "GNUmakefile": makefile,
	"Dockerfile": dockerfile, "Containerfile": dockerfile,
	"Gemfile": ruby, "Rakefile": ruby,
	".gitignore": ignoring, ".sigilignore": ignoring, ".dockerignore": ignoring, // what they leave out is worth a signature
}

var byInterpreter = map[string]*language{
	"sh": shell, "bash": shell, "dash": shell, "ash": shell, "ksh": shell, "zsh": shell,
	"python": python, "python3": python, "ruby": ruby, "perl": perl, "lua": lua,
	"node": javascript, "deno": javascript, "bun": javascript, "runghc": haskell, "runhaskell": haskell, "make": makefile,
}

// languageOf returns the language of a file by its name or, if that has no extension, by its shebang line. It returns
// nil for a kind of file that cannot carry a header.
func languageOf(name string, start []byte) *language {
	base := path.Base(name)
	if l := byName[base]; l != nil {
		return l
	}
	extension := strings.ToLower(path.Ext(base))
	if l := byExtension[extension]; l != nil {
		return l
	}
	if strings.HasPrefix(base, "Dockerfile.") || strings.HasPrefix(base, "Containerfile.") {
		return dockerfile
	}
	if extension != "" && extension != base {
		return nil
	}
	fields := strings.Fields(strings.TrimPrefix(string(firstLine(start)), "#!"))
	if !bytes.HasPrefix(start, []byte("#!")) || len(fields) == 0 {
		return nil
	}
	interpreter := path.Base(fields[0])
	if interpreter == "env" {
		for _, f := range fields[1:] {
			if !strings.HasPrefix(f, "-") && !strings.Contains(f, "=") {
				interpreter = path.Base(f)
				break
			}
		}
	}
	return byInterpreter[interpreter]
}

var bom = []byte("\xef\xbb\xbf")

// place returns the offset at which a header of l stands in a file that starts with b, which holds at least [window]
// bytes unless the file is shorter. Inserting a header there does not change what place returns.
func (l *language) place(b []byte) int {
	at := 0
	if bytes.HasPrefix(b, bom) {
		at = len(bom)
	}
	if l.before != nil {
		at += l.before(b[at:])
	}
	return at
}

// text reports whether a comment in ASCII can be put into a file that starts with b: it is not binary, and not in
// UTF-16 or UTF-32.
func text(b []byte) bool {
	return !bytes.HasPrefix(b, []byte("\xff\xfe")) && !bytes.HasPrefix(b, []byte("\xfe\xff")) && bytes.IndexByte(b, 0) < 0
}

// firstLine returns the first line of b without its end.
func firstLine(b []byte) []byte {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}

// lineLength returns the length of the first line of b with its end.
func lineLength(b []byte) int {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i + 1
	}
	return len(b)
}

func shebang(b []byte) int {
	if bytes.HasPrefix(b, []byte("#!")) {
		return lineLength(b)
	}
	return 0
}

// rustShebang is shebang for Rust: #![feature(…)] is an inner attribute, as for rustc.
func rustShebang(b []byte) int {
	if bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(b, []byte("#!")), " \t"), []byte("[")) {
		return 0
	}
	return shebang(b)
}

// leading returns the length of the first lines of b, up to most, that match.
func leading(b []byte, most int, pattern *regexp.Regexp) int {
	n := 0
	for range most {
		if !pattern.Match(firstLine(b[n:])) {
			break
		}
		n += lineLength(b[n:])
	}
	return n
}

// What a language reads only from the first lines of a file.
var (
	pythonCoding  = regexp.MustCompile(`^[ \t\f]*#.*?coding[:=][ \t]*[-_.a-zA-Z0-9]+`) // PEP 263
	pythonNothing = regexp.MustCompile(`^[ \t\f]*(#.*)?$`)
	rubyMagic     = regexp.MustCompile(`(?i)^#.*\b(coding|frozen[_-]string[_-]literal|warn[_-]indent|shareable[_-]constant[_-]value|typed)\s*[:=]`)
	shellFirst    = regexp.MustCompile(`^#(compdef|autoload)\b`)
	cloudFirst    = regexp.MustCompile(`^(#cloud-|## template:)`)
	dockerFirst   = regexp.MustCompile(`^#[ \t]*[a-zA-Z][a-zA-Z0-9]*[ \t]*=`)
	charsetFirst  = regexp.MustCompile(`^@charset "[^"\r\n]*";\r?\n?`)
	xmlFirst      = regexp.MustCompile(`^<\?xml[ \t\r\n][^>]*\?>\r?\n?`)
	pragma        = regexp.MustCompile(`@(jest|vitest|flow|jsx|format|prettier|ts)\b`)
)

// beforePython keeps an encoding declaration in the first two lines, where Python looks for it.
func beforePython(b []byte) int {
	first := lineLength(b)
	if pythonCoding.Match(firstLine(b)) {
		return first
	}
	if pythonNothing.Match(firstLine(b)) && pythonCoding.Match(firstLine(b[first:])) {
		return first + lineLength(b[first:])
	}
	return shebang(b)
}

func beforeRuby(b []byte) int {
	n := shebang(b)
	return n + leading(b[n:], 8, rubyMagic)
}

func beforeShell(b []byte) int {
	if n := shebang(b); n > 0 {
		return n
	}
	return leading(b, 1, shellFirst)
}

func beforeYAML(b []byte) int { return leading(b, 1, cloudFirst) }

// beforeDockerfile keeps the parser directives, which end at the first line that is none.
func beforeDockerfile(b []byte) int { return leading(b, 8, dockerFirst) }

// beforeXML keeps the XML declaration, which nothing may precede.
func beforeXML(b []byte) int { return len(xmlFirst.Find(b)) }

func beforeCSS(b []byte) int { return len(charsetFirst.Find(b)) }

// beforeJavaScript keeps a first comment that tools read settings from.
func beforeJavaScript(b []byte) int {
	n := shebang(b)
	if end := bytes.Index(b[n:], []byte("*/")); bytes.HasPrefix(b[n:], []byte("/*")) && end >= 0 && pragma.Match(b[n:n+end]) {
		n += end + len("*/")
		if rest := firstLine(b[n:]); len(bytes.TrimSpace(rest)) == 0 {
			n += lineLength(b[n:])
		}
	}
	return n
}
