package front

import (
	"fmt"
	"math"

	"github.com/sigil-dna/sigil"
)

// These constants share out the files that a process may have open. If connections could take them all, the store
// could open none, and would report a failed disk.
const (
	// ownFiles is the number for the process itself: sockets, pipes, a hand-over, a webhook, the store's log.
	ownFiles = 64
	// mostTables is the number of tables that the embedded store keeps open if the limit allows; leastTables
	// is the minimum it works with.
	mostTables, leastTables = 512, 80
	// lookupFiles is the number for connecting to PostgreSQL: host names, certificates, passwords.
	lookupFiles = 16
	// leastConnections is the minimum number of connections; with fewer, the daemon does not start.
	leastConnections = 16
)

// Files is the result of sharing out the limit of open files.
type Files struct {
	Limit       uint64 // 0 means unknown
	Tables      int    // maximum number of tables that the embedded store keeps open
	Connections int    // maximum number of clients' connections
}

// databaseFiles returns the maximum number of files that connections to PostgreSQL use. Each may need two,
// since an abandoned call is canceled over another connection.
func databaseFiles(connections int) int { return 2*connections + lookupFiles }

// Share shares out this process's limit of open files. Clients get at most wanted connections. database is
// the maximum number of connections to PostgreSQL, or 0 with the embedded store. Share returns an error if
// the limit is too low.
func Share(database, wanted int) (Files, error) { return share(openFiles(), database, wanted) }

func share(limit uint64, database, wanted int) (Files, error) {
	f := Files{limit, mostTables, wanted}
	if limit == 0 || limit > math.MaxInt32 {
		return f, nil
	}
	rest := int(limit) - ownFiles
	reserved := databaseFiles(database)
	if database == 0 {
		f.Tables = min(max(rest/3, leastTables), mostTables)
		reserved = f.Tables + f.Tables/4 // tables in use stay open while others are opened
	}
	f.Connections = min(wanted, rest-reserved)
	if least := min(wanted, leastConnections); f.Connections < least {
		return f, &sigil.Error{
			Kind: sigil.ErrUnavailable, Code: "too_few_files",
			Detail: fmt.Sprintf("at most %d files may be open; the store, connections and the rest need %d", limit, ownFiles+reserved+least),
		}
	}
	return f, nil
}
