//go:build linux || darwin

package cli

import "syscall"

// spaceOf returns what the file system of a folder has left.
func spaceOf(folder string) (space, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return space{}, err
	}
	block := int64(s.Bsize)
	return space{
		free: int64(s.Bavail) * block, total: int64(s.Blocks) * block,
		freeInodes: int64(s.Ffree), totalInodes: int64(s.Files),
	}, nil
}
