package cli

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/term"
)

// isTerminal reports whether v, a reader or writer, is a terminal.
func isTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// columns returns the width of the terminal that stdout goes to, or 0 if there is none.
func columns(stdout any) int {
	f, ok := stdout.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// escape makes s safe for a terminal: every invisible character (controls, escape sequences, direction marks, broken
// UTF-8) becomes a JSON escape, so that stored data cannot control the terminal. Within JSON this changes no value,
// since such characters occur only in strings.
func escape(s string) string {
	plain := func(r rune) bool { return r != utf8.RuneError && strconv.IsGraphic(r) }
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\ufffd`)
		case r == utf8.RuneError || plain(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += size
	}
	return b.String()
}

func quote(s string) string { return strconv.Quote(s) }

// wide is the characters that take two columns: East Asian ones, and emoji.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x1100, 0x115f, 1},
		{0x2e80, 0xa4cf, 1},
		{0xac00, 0xd7a3, 1},
		{0xf900, 0xfaff, 1},
		{0xfe30, 0xfe6f, 1},
		{0xff00, 0xff60, 1},
		{0xffe0, 0xffe6, 1},
	},
	R32: []unicode.Range32{{0x1f300, 0x1faff, 1}, {0x20000, 0x3fffd, 1}},
}

// width returns how many columns s takes, closely enough to align a table.
func width(s string) (n int) {
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// cut shortens s to at most n columns, with "…" at the end if it was longer.
func cut(s string, n int) string {
	if width(s) <= n {
		return s
	}
	used := 0
	for i, r := range s {
		if used += runeWidth(r); used > n-1 {
			return s[:i] + "…"
		}
	}
	return s
}

// Colors and weights, as the numbers in their escape sequences (see paint).
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

// paint returns s in a color, if colors are wanted.
func (a *app) paint(color, s string) string {
	if !a.outTerm || a.flags.noColor || a.env("NO_COLOR") != "" || a.env("TERM") == "dumb" {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

const barCells = 10

// bar draws a share from 0 to 1. It is full only if the share is 1.
func bar(share float64) string {
	n := min(max(int(share*barCells+0.5), 0), barCells)
	if share < 1 {
		n = min(n, barCells-1)
	}
	return strings.Repeat("█", n) + strings.Repeat("░", barCells-n)
}

// percent formats a share from 0 to 1 in whole percent. It is 100% only if the share is 1.
func percent(share float64) string {
	n := int(share*100 + 0.5)
	if share < 1 {
		n = min(n, 99)
	}
	return strconv.Itoa(n) + "%"
}
