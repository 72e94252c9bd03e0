package pebblestore

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const hugePage = 2 << 20

// hugePages asks the kernel to keep b, as far as that goes, in huge pages, where it gives them to who asks
// (/sys/kernel/mm/transparent_hugepage/enabled). Where it does not, nothing is lost.
func hugePages(b []byte) {
	begin := -uintptr(unsafe.Pointer(&b[0])) % hugePage
	if size := uintptr(len(b)); begin+hugePage <= size {
		_ = unix.Madvise(b[begin:begin+(size-begin)/hugePage*hugePage], unix.MADV_HUGEPAGE)
	}
}
