package lane

import (
	"sync"
	"testing"
)

// All waiting callers return: before the bell is closed, while it is being closed, and after.
func TestBellLetsAllGo(t *testing.T) {
	for range 50 {
		b, err := newBell()
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 20 {
					b.wait()
					b.look()
				}
			})
		}
		b.wait()
		b.close()
		all.Wait()
		b.wait()
		if rung, first := b.join(); rung != nil || first {
			t.Fatal("somebody could wait for a bell that was closed")
		}
	}
}
