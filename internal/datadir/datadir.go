// Package datadir defines the names of the files in a data folder, and the content of those that other
// processes read: which process holds the folder, where it listens, and the result of the last hand-over.
//
// It does not know which files a store keeps in the folder.
package datadir

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// These files may be read by other processes than the one that serves.
const (
	InfoFile     = "sigil.json"    // identifies the store
	LockFile     = "sigil.lock"    // open and locked in the process that has the store open
	HolderFile   = "holder.json"   // contains a [Holder]
	AddrFile     = "daemon.addr"   // contains the address that the daemon listens on; older daemons do not write it
	HandOverFile = "handover.json" // contains a [HandOver]; absent before the first one
)

// Holder is the process that has a data folder open.
type Holder struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
}

// Default returns the default data folder of a daemon, or "" if there is no home folder. env returns the
// value of an environment variable.
func Default(env func(name string) string) string {
	switch {
	case filepath.IsAbs(env("XDG_DATA_HOME")): // the XDG specification says to ignore a relative one
		return filepath.Join(env("XDG_DATA_HOME"), "sigil")
	case env("HOME") != "":
		return filepath.Join(env("HOME"), ".local", "share", "sigil")
	}
	return ""
}

// Read reads one of the JSON files of a folder into v.
func Read(folder, file string, v any) error {
	path := filepath.Join(folder, file)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// WriteFile writes a file that other processes may wait for. They see all of it or nothing.
func WriteFile(name, text string) error {
	temp, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = temp.WriteString(text)
	err = errors.Join(err, temp.Chmod(0o644), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}
