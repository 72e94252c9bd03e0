package store

import (
	"fmt"

	"github.com/sigil-dna/sigil"
)

// Check names one thing that a check of a whole store looks at. The names are the same for every driver; a driver that does
// not keep something finds no problem with it.
type Check string

// The checks. What the last four of them look at is derived from the rest, and can be repaired.
const (
	CheckContent     Check = "content"     // contents can be read, have their size, and the hash of their canonical form
	CheckFrequency   Check = "frequency"   // frequency, potential and crystallized follow from hash and state
	CheckDeadline    Check = "deadline"    // deadlines follow from policy, stretch, last touch, ttl and pin
	CheckPolicies    Check = "policies"    // policies have their numbers, and those of tenants and their clocks can be read
	CheckJournal     Check = "journal"     // positions have no gap, and memories follow from the journal as far as it goes back
	CheckChain       Check = "chain"       // each link follows from the one before and its entries
	CheckCrystals    Check = "crystals"    // crystals of patterns have possible figures, an entry, and as many members as there are
	CheckRemoved     Check = "removed"     // what is kept of removed memories is complete, and nothing of it lives
	CheckCorrections Check = "corrections" // links between memories and those that they supersede have both ends
	CheckAnswers     Check = "answers"     // answers under idempotency keys can be read
	CheckSignatures  Check = "signatures"  // signatures of code follow from the journal
	CheckReceipts    Check = "receipts"    // erasures that are under way, and the key of receipts
	CheckClaims      Check = "claims"      // claims of webhooks and other workers can be read
	CheckFiles       Check = "files"       // files of a backup are as its manifest says
	CheckIndexes     Check = "indexes"     // what finds other records finds them, and nothing else
	CheckCounters    Check = "counters"    // counts of tenants are those of their records
	CheckWords       Check = "words"       // the words that find memories are those of their contents and tags
	CheckVectors     Check = "vectors"     // vectors belong to memories; those of the built-in table are those of the texts
)

// Checks are all checks, in the order of reports.
var Checks = []Check{
	CheckContent, CheckFrequency, CheckDeadline, CheckPolicies, CheckJournal, CheckChain, CheckCrystals, CheckRemoved, CheckCorrections,
	CheckAnswers, CheckSignatures, CheckReceipts, CheckClaims, CheckFiles, CheckIndexes, CheckCounters, CheckWords, CheckVectors,
}

// MaxProblems is the maximum number of problems that a check describes.
const MaxProblems = 100

// Problem is something that is wrong in a store.
type Problem struct {
	Check Check
	Text  string // one sentence, without content
}

func (p Problem) String() string { return string(p.Check) + ": " + p.Text }

// Checked is the result of checking all of a store.
type Checked struct {
	Store    sigil.ID // which store it is
	Memories int
	Bytes    int64 // bytes of their data
	Crystals int   // crystals of patterns
	Events   int
	// Position is the position of the newest journal entry, Trimmed that of the last trimmed one.
	Position, Trimmed uint64
	// Answers is the number of answers under idempotency keys.
	Answers int
	// Signatures is the number of code signatures, revoked or not.
	Signatures int
	// Removed is the number of removed memories that can be restored or are superseded.
	Removed int
	// Problems has the first [MaxProblems] that were found. Wrong counts all of them, and Found those of each check that
	// found some.
	Problems []Problem
	Wrong    int
	Found    map[Check]int
	// Repaired counts the records that a repair has made anew or removed, by the check that found them.
	Repaired map[Check]int
}

// Add adds a problem.
func (c *Checked) Add(check Check, format string, args ...any) {
	if c.Found == nil {
		c.Found = map[Check]int{}
	}
	c.Found[check]++
	if c.Wrong++; c.Wrong <= MaxProblems {
		c.Problems = append(c.Problems, Problem{check, fmt.Sprintf(format, args...)})
	}
}

// Mended adds records that were repaired.
func (c *Checked) Mended(check Check, n int) {
	if n == 0 {
		return
	}
	if c.Repaired == nil {
		c.Repaired = map[Check]int{}
	}
	c.Repaired[check] += n
}

// Sentences returns the problems as text.
func (c *Checked) Sentences() []string {
	var all []string
	for _, p := range c.Problems {
		all = append(all, p.String())
	}
	return all
}
