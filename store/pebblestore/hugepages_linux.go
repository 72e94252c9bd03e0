package pebblestore

import (
	"syscall"
	"unsafe"
)

const hugePage = 2 << 20

// hugePages asks the kernel to keep slabs, as far as they fill them, in huge pages, where it gives those to who asks
// (/sys/kernel/mm/transparent_hugepage/enabled). Where it does not, nothing is lost.
func hugePages(slabs []slab) {
	//nolint:gosec // the bytes of the slabs, which are not touched
	b := unsafe.Slice((*byte)(unsafe.Pointer(&slabs[0])), uintptr(len(slabs))*unsafe.Sizeof(slab{}))
	begin := -uintptr(unsafe.Pointer(&b[0])) % hugePage //nolint:gosec // where they lie in a page
	if size := uintptr(len(b)); begin+hugePage <= size {
		_ = syscall.Madvise(b[begin:begin+(size-begin)/hugePage*hugePage], syscall.MADV_HUGEPAGE)
	}
}
