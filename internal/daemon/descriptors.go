package daemon

import (
	"fmt"
	"math"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pgstore"
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

// files is how the limit of open files is shared out.
type files struct {
	limit       uint64 // 0 is unknown
	tables      int    // that the store keeps open
	connections int
}

// databaseFiles returns how many files that many connections to PostgreSQL may use. It is two for each, since a call
// that is given up is canceled over another connection.
func databaseFiles(connections int) int { return 2*connections + lookupFiles }

// databaseConnections returns the most connections to PostgreSQL, or 0 if memories are kept in a folder.
func (c *Config) databaseConnections() int {
	if !c.postgres() {
		return 0
	}
	return pgstore.MaxConns(c.Store, c.StoreConnections)
}

// share shares out limit. Clients get at most wanted connections. database is the most connections to PostgreSQL, or 0
// with the embedded store. It returns an error if limit is too low.
func share(limit uint64, database, wanted int) (files, error) {
	f := files{limit, mostTables, wanted}
	if limit == 0 || limit > math.MaxInt32 {
		return f, nil
	}
	rest := int(limit) - ownFiles
	reserved := databaseFiles(database)
	if database == 0 {
		f.tables = min(max(rest/3, leastTables), mostTables)
		reserved = f.tables + f.tables/4 // tables in use stay open while others are opened
	}
	f.connections = min(wanted, rest-reserved)
	if least := min(wanted, leastConnections); f.connections < least {
		return f, &sigil.Error{
			Kind: sigil.ErrUnavailable, Code: "too_few_files",
			Detail: fmt.Sprintf("at most %d files may be open; the store, connections and the rest need %d", limit, ownFiles+reserved+least),
		}
	}
	return f, nil
}
