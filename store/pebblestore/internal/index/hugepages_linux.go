package index

import (
	"syscall"
	"unsafe"
)

const (
	hugePage      = 2 << 20
	populateWrite = 23 // MADV_POPULATE_WRITE, which package syscall is too old to name
)

// hugePages asks the kernel to back slabs with huge pages, as far as they fill them, if transparent huge pages are set
// to madvise (/sys/kernel/mm/transparent_hugepage/enabled). If they are not, it has no effect.
func hugePages(slabs []slab) { advise(slabs, syscall.MADV_HUGEPAGE) }

// populate asks the kernel for the memory of those huge pages now; else it comes when each is first touched, as it does
// before Linux 5.14, which refuses.
func populate(slabs []slab) { advise(slabs, populateWrite) }

func advise(slabs []slab, advice int) {
	//nolint:gosec // the bytes of the slabs, which are not touched
	b := unsafe.Slice((*byte)(unsafe.Pointer(&slabs[0])), uintptr(len(slabs))*unsafe.Sizeof(slab{}))
	begin := -uintptr(unsafe.Pointer(&b[0])) % hugePage //nolint:gosec // offset of the first huge page in b
	if size := uintptr(len(b)); begin+hugePage <= size {
		_ = syscall.Madvise(b[begin:begin+(size-begin)/hugePage*hugePage], advice)
	}
}
