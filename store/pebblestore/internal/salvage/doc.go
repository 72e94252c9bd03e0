// Package salvage reads the memories of a store that may be damaged. It reads the tables and logs of the
// database directly, and needs neither the database's list of them nor the file with the store's identity.
//
// It leaves out memories that are gone according to the journal, as far back as the journal goes, even if an
// obsolete table still contains them. The figures of a memory may lack its last refreshes. Nothing is
// changed.
package salvage
