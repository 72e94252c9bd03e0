package index

import (
	"syscall"
	"unsafe"
)

const (
	hugePage      = 2 << 20
	populateWrite = 23 // MADV_POPULATE_WRITE, which package syscall does not have
)

// hugePages asks the kernel to back slabs with huge pages, as far as they fill them, if transparent huge
// pages are set to madvise (/sys/kernel/mm/transparent_hugepage/enabled). Otherwise it has no effect.
func hugePages(slabs []slab) { advise(slabs, syscall.MADV_HUGEPAGE) }

// populate asks the kernel to allocate the memory of those huge pages now. Otherwise each is allocated when
// it is first touched, as before Linux 5.14, which refuses the call.
func populate(slabs []slab) { advise(slabs, populateWrite) }

func advise(slabs []slab, advice int) {
	//nolint:gosec // the bytes of the slabs, which are not touched
	b := unsafe.Slice((*byte)(unsafe.Pointer(&slabs[0])), uintptr(len(slabs))*unsafe.Sizeof(slab{}))
	begin := -uintptr(unsafe.Pointer(&b[0])) % hugePage //nolint:gosec // offset of the first huge page in b
	if size := uintptr(len(b)); begin+hugePage <= size {
		_ = syscall.Madvise(b[begin:begin+(size-begin)/hugePage*hugePage], advice)
	}
}
