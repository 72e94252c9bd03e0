package cli

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/datadir"
)

// looks runs the checks of the data folder, unless the daemon keeps its memories elsewhere.
func (d *doctor) looks() {
	switch {
	case d.data == "":
		d.add("data", resultUnknown, "name it with --data", "there is no home folder")
		return
	case d.identity != nil && d.identity.Driver == "postgres" && !d.dataGiven:
		d.add("data", resultOK, "", "no folder: the daemon keeps its memories in PostgreSQL")
		return
	case !d.here() && !d.dataGiven:
		d.add("data", resultUnknown, "run sigil doctor there", "the daemon is on another machine")
		return
	}
	if _, err := os.Stat(d.data); d.answers && d.identity == nil && !d.dataGiven && errors.Is(err, fs.ErrNotExist) {
		d.add("data", resultUnknown, "name it with --data, unless the memories are in PostgreSQL", "the daemon does not say where it keeps its memories, and %s does not exist", d.data)
		return
	}
	if !d.checkData() {
		return
	}
	d.checkOwner()
	d.checkDisk()
	d.checkFiles(d.checkLock())
}

// here reports whether the address is one of this machine.
func (d *doctor) here() bool {
	u, err := url.Parse(d.url)
	return err == nil && isLoopback(u.Hostname())
}

// checkData reports whether there is a data folder that can be looked at.
func (d *doctor) checkData() bool {
	const other = "--data or SIGIL_DATA names another folder"
	files, err := os.ReadDir(d.data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.add("data", resultWarning, other+"; sigil serve makes it, if it is new", "%s does not exist", d.data)
		return false
	case errors.Is(err, fs.ErrPermission):
		d.add("data", resultProblem, "run this as the daemon's user, or as root", "this user may not read %s", d.data)
		return false
	case err != nil:
		d.add("data", resultProblem, other, "%s", err)
		return false
	}
	var info struct {
		ID sigil.ID `json:"id"`
	}
	switch err := datadir.Read(d.data, datadir.InfoFile, &info); {
	case errors.Is(err, fs.ErrNotExist) && len(files) == 0:
		d.add("data", resultOK, "", "%s is empty", d.data)
	case errors.Is(err, fs.ErrNotExist):
		d.add("data", resultWarning, other, "%s has no store: %s is missing", d.data, datadir.InfoFile)
	case errors.Is(err, fs.ErrPermission):
		d.add("data", resultProblem, "run this as the daemon's user, or as root", "this user may not read %s", filepath.Join(d.data, datadir.InfoFile))
	case err != nil || info.ID == (sigil.ID{}):
		d.add("data", resultProblem, "stop the daemon, copy the folder, and see what sigil check and sigil export --salvage find in it",
			"%s no longer identifies the store", filepath.Join(d.data, datadir.InfoFile))
	case d.identity != nil && d.identity.Store != info.ID:
		d.add("data", resultWarning, "name the daemon's folder with --data, or the folder's daemon with --addr", "%s has the store %s, which is not that of the daemon", d.data, info.ID)
	default:
		d.add("data", resultOK, "", "%s has the store %s", d.data, info.ID)
	}
	return true
}

// checkOwner looks at who may read the folder.
func (d *doctor) checkOwner() {
	folder, err := os.Stat(d.data)
	if err != nil {
		d.add("owner", resultProblem, "", "%s", err)
		return
	}
	owner, known := ownerOf(folder)
	mode := folder.Mode().Perm()
	switch {
	case !known:
		d.add("owner", resultUnknown, "", "this system does not say who owns the folder")
	case mode&0o077 != 0:
		d.add("owner", resultWarning, "chmod 700 "+d.data, "user %d owns the folder, and others have access to it: mode %04o", owner, mode)
	case mode&0o700 != 0o700:
		d.add("owner", resultProblem, "chmod 700 "+d.data, "user %d owns the folder, but may not use it: mode %04o", owner, mode)
	case owner != os.Geteuid() && os.Geteuid() != 0:
		d.add("owner", resultWarning, "run this as that user, and the daemon too", "user %d owns the folder, this command runs as %d: mode %04o", owner, os.Geteuid(), mode)
	default:
		d.add("owner", resultOK, "", "user %d, mode %04o", owner, mode)
	}
}

// space is what a file system has left.
type space struct {
	free, total             int64 // bytes; free is what an ordinary user may use
	freeInodes, totalInodes int64 // a total of 0 means that they are not counted
}

func (d *doctor) checkDisk() {
	s, err := spaceOf(d.data)
	if errors.Is(err, errors.ErrUnsupported) {
		d.add("disk", resultUnknown, "", "free space is not known on this system")
		return
	}
	if err != nil {
		d.add("disk", resultProblem, "", "%s", err)
		return
	}
	d.addDisk(s)
}

// addDisk judges free space. The store refuses encodes under 128 MiB, or a 16th of a small disk.
func (d *doctor) addDisk(s space) {
	const next = "free some space, or enlarge the file system"
	share := 0.0
	if s.total > 0 {
		share = float64(s.free) / float64(s.total)
	}
	switch {
	case s.free < min(128<<20, s.total/16):
		d.add("disk", resultProblem, next+"; encodes go on by themselves", "%s free (%s): encodes are refused", size(s.free), percent(share))
	case s.totalInodes > 0 && s.freeInodes < 100:
		d.add("disk", resultProblem, "remove files: the store cannot make new ones", "%d of %d inodes free", s.freeInodes, s.totalInodes)
	case s.free < min(5<<30, s.total/10):
		d.add("disk", resultWarning, next, "only %s free (%s)", size(s.free), percent(share))
	case s.totalInodes > 0 && s.freeInodes < min(10_000, s.totalInodes/20):
		d.add("disk", resultWarning, "remove files that nobody needs", "only %d of %d inodes free", s.freeInodes, s.totalInodes)
	case s.totalInodes > 0:
		d.add("disk", resultOK, "", "%s free (%s), %d inodes free", size(s.free), percent(share), s.freeInodes)
	default:
		d.add("disk", resultOK, "", "%s free (%s)", size(s.free), percent(share))
	}
}

// checkLock looks for the process that has the folder open, and reports whether there is one.
func (d *doctor) checkLock() (held bool) {
	var h datadir.Holder
	err := datadir.Read(d.data, datadir.HolderFile, &h)
	host, _ := os.Hostname()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.add("lock", resultOK, "", "no process has the folder open")
		return false
	case err != nil:
		d.add("lock", resultWarning, "the next start writes it again", "%s cannot be read", filepath.Join(d.data, datadir.HolderFile))
		return false
	case h.Host != host:
		d.add("lock", resultWarning, "look there: a folder on a shared file system must have one daemon only", "process %d on %s has the folder open, or had it", h.PID, h.Host)
		return true
	case h.PID <= 0 || !holds(h.PID, d.data):
		d.add("lock", resultWarning, "nothing has to be removed, the next start takes over; find out what ended the process: "+nextLog+", or dmesg if memory ran out",
			"process %d had the folder open since %s, and ended without closing it", h.PID, h.Since.Format("2006-01-02T15:04:05Z07:00"))
		return false
	}
	d.add("lock", resultOK, "", "process %d (%s) has the folder open since %s", h.PID, h.Command, h.Since.Format("2006-01-02T15:04:05Z07:00"))
	return true
}

// checkFiles looks at what earlier processes have left in the folder.
func (d *doctor) checkFiles(held bool) {
	before := len(d.findings)
	if _, err := os.Stat(filepath.Join(d.data, datadir.AddrFile)); err == nil && !held {
		d.add("files", resultWarning, "nothing has to be removed, the next start writes it again", "%s is left of a daemon that does not run", datadir.AddrFile)
	}
	var last datadir.HandOver
	if err := datadir.Read(d.data, datadir.HandOverFile, &last); err == nil && last.Error != "" {
		d.add("files", resultWarning, "repair what it names, and run sigil reload again", "the last hand-over, at %s, failed: %s", last.At, last.Error)
	}
	if files, err := os.ReadDir(d.data); err == nil && !held {
		var left []string
		for _, f := range files {
			if strings.HasSuffix(f.Name(), ".tmp") || strings.HasPrefix(f.Name(), datadir.AddrFile+".") || strings.HasPrefix(f.Name(), datadir.HandOverFile+".") {
				left = append(left, f.Name())
			}
		}
		if len(left) > 0 {
			d.add("files", resultWarning, "remove them while no daemon runs", "unfinished files: %s", strings.Join(left, ", "))
		}
	}
	if len(d.findings) == before {
		d.add("files", resultOK, "", "nothing is left of earlier processes")
	}
}
