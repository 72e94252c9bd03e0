package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil/internal/assistants"
)

// mcpInstall returns the command that enters sigil mcp into an assistant's settings.
func (a *app) mcpInstall() *cobra.Command {
	var file, data, profile string
	var names []string
	for i := range assistants.Clients {
		names = append(names, assistants.Clients[i].Name)
	}
	c := &cobra.Command{
		Use:   "install " + strings.Join(names, "|"),
		Short: "Enter sigil mcp into an assistant's settings",
		Long: `Install enters sigil mcp into the settings of an assistant, so that it can remember and recall. It
shows the change and asks first (or needs --yes), changes nothing else in the file, and keeps the
old file beside the new one. An entry that is there already is replaced. --addr, --tenant,
--data and --mcp-profile become part of the entry.

Close an assistant that writes its own settings before, and start it again afterwards.`,
		Example: `  sigil mcp install claude-code
  sigil mcp install cursor --tenant work --yes`,
		ValidArgs: names,
		Args:      oneOf("assistant", names),
		RunE: func(_ *cobra.Command, given []string) error {
			for i := range assistants.Clients {
				if c := &assistants.Clients[i]; c.Name == given[0] {
					return a.install(c, file, data, profile)
				}
			}
			return nil // oneOf has checked it
		},
	}
	c.Flags().StringVar(&file, "file", "", "the assistant's settings, if they are not in the usual `file`")
	c.Flags().StringVar(&profile, "mcp-profile", "", "the `set` of tools: default, full or graph")
	c.Flags().StringVar(&data, "data", "", "the daemon's data `folder`")
	return c
}

// install enters sigil mcp into the settings of an assistant.
func (a *app) install(c *assistants.Client, file, data, profile string) error {
	if profile != "" && !slices.Contains(profiles, profile) {
		return usageError(wrongProfile)
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	args := []string{"mcp"}
	for _, flag := range [][2]string{{"--addr", a.flags.addr}, {"--tenant", a.flags.tenant}, {"--data", data}, {"--mcp-profile", profile}} {
		if flag[1] != "" {
			args = append(args, flag[0], flag[1])
		}
	}
	if file == "" {
		s := assistants.System{GOOS: runtime.GOOS, Env: a.env, Home: a.env("HOME")}
		if s.Home == "" {
			s.Home = a.env("USERPROFILE")
		}
		if s.Home == "" {
			return usageError("there is no home folder: name the assistant's settings with --file")
		}
		file = c.Path(s)
	}
	if real, err := filepath.EvalSymlinks(file); err == nil { // a link stays one
		file = real
	}
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	isNew := err != nil
	text, err := c.Enter(old, program, args)
	if err != nil {
		return fmt.Errorf("%s: %w; enter it by hand: the command is %s, its arguments are %s", file, err, program, strings.Join(args, " "))
	}
	if bytes.Equal(old, text) {
		a.say("%s has sigil already, in %s", c.Title, file)
		return nil
	}
	a.say("%s:", file)
	for _, line := range changed(string(old), string(text)) {
		a.say("%s", line)
	}
	if !a.flags.yes && !a.asks() {
		return usageError("this would be changed: give --yes")
	}
	if err := a.confirm("Change it?", "nothing was changed"); err != nil {
		return err
	}
	kept, err := replaceFile(file, old, text, isNew)
	if err != nil {
		return err
	}
	if kept != "" {
		a.say("the old file is %s", kept)
	}
	if profile == "full" {
		a.say("the profile full has the tool erase: it asks, but keep it among those that %s asks about, too", c.Title)
	}
	a.say("done; restart %s", c.Title)
	return nil
}

// replaceFile writes text to file. If there was an old one, it is kept under the name that is returned.
func replaceFile(file string, old, text []byte, isNew bool) (kept string, err error) {
	mode := fs.FileMode(0o600) // settings have secrets
	if isNew {
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return "", err
		}
	} else {
		info, err := os.Stat(file)
		if err != nil {
			return "", err
		}
		mode = info.Mode().Perm()
		if kept, err = keepOld(file, old, mode); err != nil {
			return "", err
		}
	}
	temp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return "", err
	}
	_, err = temp.Write(text)
	err = errors.Join(err, temp.Chmod(mode), temp.Sync(), temp.Close())
	if now, readErr := os.ReadFile(file); err == nil && !isNew && (readErr != nil || !bytes.Equal(now, old)) {
		err = fmt.Errorf("%s has changed in the meantime: close the assistant, and try again", file)
	}
	if err == nil {
		err = os.Rename(temp.Name(), file)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(temp.Name()))
	}
	return kept, nil
}

// keepOld writes the old text beside file, under a name that is free.
func keepOld(file string, old []byte, mode fs.FileMode) (name string, err error) {
	for n := 1; ; n++ {
		name = fmt.Sprintf("%s.before-sigil-%d", file, n)
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = f.Write(old)
		return name, errors.Join(err, f.Sync(), f.Close())
	}
}

// changed returns the lines that differ, with one line before and after, as a diff shows them.
func changed(old, text string) (lines []string) {
	was, is := splitLines(old), splitLines(text)
	head := 0
	for head < len(was) && head < len(is) && was[head] == is[head] {
		head++
	}
	tail := 0
	for tail < len(was)-head && tail < len(is)-head && was[len(was)-1-tail] == is[len(is)-1-tail] {
		tail++
	}
	if head > 0 {
		lines = append(lines, "  "+is[head-1])
	}
	for _, line := range was[head : len(was)-tail] {
		lines = append(lines, "- "+line)
	}
	for _, line := range is[head : len(is)-tail] {
		lines = append(lines, "+ "+line)
	}
	if tail > 0 {
		lines = append(lines, "  "+is[len(is)-tail])
	}
	return lines
}

func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}
