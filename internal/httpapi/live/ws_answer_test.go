package live

import (
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/storetest"
	"github.com/sigil-dna/sigil/wire"
)

// TestUnknownOperationDoesNothing holds do to the operations that it has: an operation that only [wants] knows must not
// be taken for another one.
func TestUnknownOperationDoesNothing(t *testing.T) {
	stopped := false
	l := &liveConn{
		server: &Server{engine: engine.New(storetest.NewModel(), nil)}, tenant: sigil.DefaultTenant,
		stop: func() { stopped = true },
	}
	var m wire.LiveMessage
	err := l.do(t.Context(), &liveRequest{op: "pin"}, &m)
	if err == nil || m.Status != 0 {
		t.Errorf("answered %d, %v", m.Status, err)
	}
	if stopped {
		t.Error("the subscription has ended")
	}
}

// TestOperationsHaveRoutes holds the metrics to one route for each operation.
func TestOperationsHaveRoutes(t *testing.T) {
	for op := range wants {
		if got := routeOf(op); got != "/v1/ws "+op {
			t.Errorf("%s is counted as %s", op, got)
		}
	}
	if got := routeOf("pin"); got != "/v1/ws other" {
		t.Errorf("what a client makes up is counted as %s", got)
	}
}
