package front

import (
	"fmt"
	"math"

	"github.com/sigil-dna/sigil"
)

// How many of the files that a process may have open are reserved, and for what. If connections could take them all,
// the store could open none, and would report a failed disk.
const (
	// ownFiles are for the process itself: sockets, pipes, a hand-over, a webhook, the store's log.
	ownFiles = 64
	// mostTables is how many tables the embedded store keeps open if the limit allows, leastTables the fewest it works with.
	mostTables, leastTables = 512, 80
	// lookupFiles are for what is read to connect to PostgreSQL: host names, certificates, passwords.
	lookupFiles = 16
	// leastConnections is the fewest connections to start with.
	leastConnections = 16
)

// Files is how the limit of open files is shared out.
type Files struct {
	Limit       uint64 // 0 is unknown
	Tables      int    // the most tables that the embedded store keeps open
	Connections int    // the most connections of clients
}

// databaseFiles returns how many files that many connections to PostgreSQL may use. It is two for each, since a call
// that is given up is canceled over another connection.
func databaseFiles(connections int) int { return 2*connections + lookupFiles }

// Share shares out the limit of this process. Clients get at most wanted connections. database is the most connections
// to PostgreSQL, or 0 with the embedded store. It returns an error if the limit is too low.
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
