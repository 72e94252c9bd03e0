package tree

import (
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A File is one to sign or verify.
type File struct {
	Path string // as it is to be opened and shown
	// Name is the file's name in a signature: its path from the root, slash-separated.
	Name string
	// Rooted is set if the root was given, or is a repository. Without it, Name begins where the walk did.
	Rooted bool
	// Listed is set if the file was found in a folder, rather than given by its name.
	Listed bool
	// Signature is the path of the detached signature that is beside the file, or "".
	Signature string
	// Orphan is set if Path is that of a detached signature of ours whose file is not there.
	Orphan bool

	root string // absolute
}

// Absolute returns the absolute path of the file, slash-separated and with a slash at its start on every system.
func (f File) Absolute() string { return path.Join("/", filepath.ToSlash(f.root), f.Name) }

// The ends of the names of detached signatures. The first is ours.
var signatures = []string{".sigil", ".minisig"}

// IsSignature reports whether a file is a detached signature by its name.
func IsSignature(path string) bool {
	return slices.ContainsFunc(signatures, func(end string) bool { return strings.HasSuffix(path, end) })
}

// Files returns the files that paths name, and those in the folders that paths name, in order. A folder is walked to
// its end without following symbolic links; detached signatures, what is not a regular file, and what the ignore files
// leave out are not among them. Root is the folder that names begin in; if empty, it is the nearest folder, from a
// file upwards, that has a .git, and without one the folder that was given, or the one that a given file is in. What
// cannot be read comes as an error, with its path in the File.
func Files(paths []string, root string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		for _, p := range paths {
			w := walk{given: root != "", root: root, yield: yield}
			if !w.start(p) {
				return
			}
		}
	}
}

// A walk is of one of the paths.
type walk struct {
	given bool   // root was, so that no repository below changes it
	root  string // absolute once the walk has begun
	yield func(File, error) bool
}

// A place is a folder in a walk.
type place struct {
	path        string // as it is shown
	root, below string // absolute; and slash-separated from root to the folder, "" for root itself
	rooted      bool
	rules       *rules
}

func (w *walk) start(at string) bool {
	resolved, err := filepath.EvalSymlinks(at) // what is named may be a link
	if err != nil {
		return w.yield(File{Path: at}, err)
	}
	info, err := os.Stat(resolved)
	if err != nil {
		return w.yield(File{Path: at}, err)
	}
	if link, err := os.Lstat(at); err == nil && link.Mode()&fs.ModeSymlink != 0 {
		at = resolved
	}
	absolute, err := filepath.Abs(resolved)
	if err != nil {
		return w.yield(File{Path: at}, err)
	}
	folder := absolute
	if !info.IsDir() {
		folder = filepath.Dir(absolute)
	}
	here := place{path: at, root: folder, rooted: w.given}
	if w.given {
		if here.root, err = filepath.Abs(w.root); err == nil {
			here.root, err = filepath.EvalSymlinks(here.root)
		}
		if err != nil {
			return w.yield(File{Path: at}, err)
		}
	} else if repository := repositoryOf(folder); repository != "" {
		here.root, here.rooted = repository, true
	}
	below, err := filepath.Rel(here.root, folder)
	if below = filepath.ToSlash(below); err != nil || below == ".." || strings.HasPrefix(below, "../") {
		return w.yield(File{Path: at}, fmt.Errorf("%s is not inside %s", at, here.root))
	}
	if below == "." {
		below = ""
	}
	if info.IsDir() {
		// The rules of the folders above hold here too.
		up := ""
		for _, part := range strings.Split(below, "/") {
			if part == "" {
				break
			}
			here.rules = rulesOf(filepath.Join(here.root, filepath.FromSlash(up)), up, here.rules)
			up = path.Join(up, part)
		}
		here.below = below
		return w.folder(here)
	}
	f := File{Path: at, Name: path.Join(below, filepath.Base(absolute)), Rooted: here.rooted, root: here.root}
	if !info.Mode().IsRegular() {
		return w.yield(f, fmt.Errorf("%s is not a regular file", at))
	}
	for _, end := range signatures {
		if beside, err := os.Stat(at + end); err == nil && beside.Mode().IsRegular() {
			f.Signature = at + end
			break
		}
	}
	return w.yield(f, nil)
}

// repositoryOf returns the nearest folder, from folder upwards, that has a .git, or "".
func repositoryOf(folder string) string {
	for {
		if _, err := os.Lstat(filepath.Join(folder, ".git")); err == nil {
			return folder
		}
		up := filepath.Dir(folder)
		if up == folder {
			return ""
		}
		folder = up
	}
}

func rulesOf(folder, below string, above *rules) *rules {
	var patterns []pattern
	for _, name := range ignoreFiles {
		if file, err := os.ReadFile(filepath.Join(folder, name)); err == nil {
			patterns = append(patterns, parseIgnore(file)...)
		}
	}
	if len(patterns) == 0 {
		return above
	}
	return &rules{above: above, folder: below, patterns: patterns}
}

func (w *walk) folder(here place) bool {
	entries, err := os.ReadDir(here.path)
	if err != nil {
		return w.yield(File{Path: here.path, Listed: true}, err)
	}
	find := func(name string) (fs.DirEntry, bool) {
		i, found := slices.BinarySearchFunc(entries, name, func(e fs.DirEntry, name string) int { return strings.Compare(e.Name(), name) })
		if !found {
			return nil, false
		}
		return entries[i], true
	}
	if _, found := find(".git"); found && !w.given && here.below != "" {
		absolute := filepath.Join(here.root, filepath.FromSlash(here.below))
		here.root, here.below, here.rooted, here.rules = absolute, "", true, nil // a repository in another
	}
	if slices.ContainsFunc(ignoreFiles, func(name string) bool { _, found := find(name); return found }) {
		here.rules = rulesOf(here.path, here.below, here.rules)
	}
	for _, e := range entries {
		name := e.Name()
		below := path.Join(here.below, name)
		f := File{Path: filepath.Join(here.path, name), Name: below, Rooted: here.rooted, Listed: true, root: here.root}
		switch {
		case never[name]: // .git may be a file
			continue
		case e.IsDir():
			if here.rules.ignored(below, true) {
				continue
			}
			down := here
			down.path, down.below = f.Path, below
			if !w.folder(down) {
				return false
			}
			continue
		case !e.Type().IsRegular(), !slices.Contains(ignoreFiles, name) && here.rules.ignored(below, false):
			continue
		case IsSignature(name):
			signed, ours := strings.CutSuffix(name, signatures[0])
			if _, found := find(signed); found || !ours || signed == "" {
				continue
			}
			f.Orphan = true
		default:
			for _, end := range signatures {
				if beside, found := find(name + end); found && beside.Type().IsRegular() {
					f.Signature = f.Path + end
					break
				}
			}
		}
		if !w.yield(f, nil) {
			return false
		}
	}
	return true
}
