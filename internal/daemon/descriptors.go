package daemon

import (
	"fmt"
	"math"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pgstore"
)

// What of the files that a process may have open is kept for what, so that no connection takes those of the store: it
// would take that for a disk that failed.
const (
	// ownFiles are for the process itself: sockets, pipes, what a hand-over needs, a webhook, the store's log.
	ownFiles = 64
	// mostTables is how many tables the embedded store keeps open if it may, leastTables with how many it works.
	mostTables, leastTables = 512, 80
	// lookupFiles are for finding and reading what a connection to PostgreSQL needs: names, certificates, passwords.
	lookupFiles = 16
	// leastConnections is how many there must be room for.
	leastConnections = 16
)

// files is what the limit of open files comes to.
type files struct {
	limit       uint64 // 0 is none that is known
	tables      int    // that the store keeps open
	connections int
}

// databaseFiles returns how many files a number of connections to PostgreSQL may take: a call that is broken off is
// canceled over a connection of its own.
func databaseFiles(connections int) int { return 2*connections + lookupFiles }

// databaseConnections returns the most connections to PostgreSQL, or 0 if memories are kept in a folder.
func (c *Config) databaseConnections() int {
	if !c.postgres() {
		return 0
	}
	return pgstore.MaxConns(c.Store, c.StoreConnections)
}

// share shares out limit, of which connections of clients get at most as many as are wanted. database is how many
// connections to PostgreSQL there may be, or 0 with the embedded store. An error says that limit is too low.
func share(limit uint64, database, wanted int) (files, error) {
	f := files{limit, mostTables, wanted}
	if limit == 0 || limit > math.MaxInt32 {
		return f, nil
	}
	rest := int(limit) - ownFiles
	reserved := databaseFiles(database)
	if database == 0 {
		f.tables = min(max(rest/3, leastTables), mostTables)
		reserved = f.tables + f.tables/4 // which are in use, when others are opened
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
