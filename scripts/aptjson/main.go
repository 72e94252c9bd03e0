// Command aptjson converts the output of `apt-cache dumpavail` on standard input to NDJSON on standard
// output, one JSON value per package: real records for the demo. With an argument, a list of priorities such
// as required,important, it prints only their packages; with -not before it, only the others.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

type record struct {
	Package       string   `json:"package"`
	Version       string   `json:"version"`
	Section       string   `json:"section,omitempty"`
	Priority      string   `json:"priority,omitempty"`
	Description   string   `json:"description,omitempty"`
	Homepage      string   `json:"homepage,omitempty"`
	Maintainer    string   `json:"maintainer,omitempty"`
	InstalledSize int64    `json:"installedKiB,omitempty"`
	Size          int64    `json:"bytes,omitempty"`
	Depends       []string `json:"depends,omitempty"`
	Tags          []string `json:"tags,omitempty"`
}

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "aptjson:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	wanted := func(string) bool { return true }
	if n := len(args); n > 0 {
		not := args[0] == "-not"
		list := strings.Split(args[n-1], ",")
		wanted = func(priority string) bool { return slices.Contains(list, priority) != not }
	}
	w := bufio.NewWriter(out)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	fields := map[string]string{}
	last := ""
	flush := func() error {
		defer clear(fields)
		if fields["Package"] == "" || !wanted(fields["Priority"]) {
			return nil
		}
		return e.Encode(recordOf(fields))
	}
	for lines.Scan() {
		line := lines.Text()
		switch {
		case line == "":
			if err := flush(); err != nil {
				return err
			}
		case line[0] == ' ':
			fields[last] += " " + strings.TrimSpace(line)
		default:
			name, value, _ := strings.Cut(line, ":")
			last, fields[name] = name, strings.TrimSpace(value)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	return w.Flush()
}

func recordOf(fields map[string]string) record {
	r := record{
		Package: fields["Package"], Version: fields["Version"], Section: fields["Section"], Priority: fields["Priority"],
		Description: fields["Description"], Homepage: fields["Homepage"], Maintainer: fields["Maintainer"],
		Tags: split(fields["Tag"]),
	}
	r.InstalledSize, _ = strconv.ParseInt(fields["Installed-Size"], 10, 64) // omitted if there is none
	r.Size, _ = strconv.ParseInt(fields["Size"], 10, 64)
	for _, d := range split(fields["Depends"]) {
		name, _, _ := strings.Cut(d, " ")
		r.Depends = append(r.Depends, name)
	}
	return r
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	parts := strings.Split(list, ",")
	for i, p := range parts {
		parts[i] = strings.TrimSpace(p)
	}
	return parts
}
