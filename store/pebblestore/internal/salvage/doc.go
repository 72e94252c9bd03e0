// Package salvage reads the memories of a store that may be damaged. It reads the tables and logs of the database
// themselves, and needs neither the database's list of them nor the file that says which store it is.
//
// What the journal, as far back as it goes, says has gone is left out, though a table that is no longer in use may still
// have it. The figures of a memory may be some refreshes old. Nothing is changed.
package salvage
