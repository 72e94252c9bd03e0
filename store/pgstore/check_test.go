package pgstore_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil/internal/prove/model"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pgstore"
)

// filled returns a database with something of each kind that a store keeps.
func filled(t *testing.T) (url string, v model.Various) {
	t.Helper()
	url = database(t)
	s := open(t, url, &pgstore.Options{Undo: true})
	v = model.Fill(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return url, v
}

// copied returns a copy of a database that nobody uses.
func copied(t *testing.T, of string) string {
	t.Helper()
	config, err := pgx.ParseConfig(of)
	if err != nil {
		t.Fatal(err)
	}
	c := pgtest.Shared(t)
	name, err := c.Copy(t.Context(), config.Database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Exec(context.Background(), "postgres", "drop database "+name); err != nil {
			t.Error(err)
		}
	})
	return c.URL(name)
}

var quietly = &pgstore.Options{Logger: slog.New(slog.DiscardHandler)}

// checked returns the names of the checks that find something in a database.
func checked(t *testing.T, url string) (names []store.Check, said string) {
	t.Helper()
	found, err := pgstore.Check(t.Context(), url, quietly)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(found.Found)), strings.Join(found.Sentences(), "\n")
}

// Each damage is found by the checks that it concerns and by no others, and what is derived is repaired.
func TestCheckFindsDamage(t *testing.T) {
	notUnderRace(t)
	url, v := filled(t)
	if names, said := checked(t, url); len(names) > 0 {
		t.Fatalf("of a sound store: %s", said)
	}
	of := func(id fmt.Stringer) string { return " where id = '" + id.String() + "'" }
	type checks = []store.Check
	for name, tt := range map[string]struct {
		sql  string // damages
		want checks
		left checks // after a repair
	}{
		"another content":               {`update sigil.memories set data = replace(data, 'tea', 'tee')` + of(v.Plain.ID), checks{store.CheckContent}, checks{store.CheckContent}},
		"no JSON":                       {`update sigil.memories set data = replace(data, '{', '[')` + of(v.Plain.ID), checks{store.CheckContent}, checks{store.CheckContent}},
		"no JSON of tags":               {`update sigil.memories set tags = '["a"'` + of(v.Plain.ID), checks{store.CheckContent}, checks{store.CheckContent}},
		"the content of a removed one":  {`update sigil.removed set data = replace(data, 'mon', 'men')` + of(v.Forgotten.ID), checks{store.CheckContent}, checks{store.CheckContent}},
		"a frequency":                   {`update sigil.memories set frequency = (frequency + 1) % 1000` + of(v.Plain.ID), checks{store.CheckFrequency, store.CheckJournal}, checks{store.CheckFrequency, store.CheckJournal}},
		"a potential":                   {`update sigil.memories set potential = 0.6` + of(v.Plain.ID), checks{store.CheckFrequency, store.CheckJournal}, checks{store.CheckFrequency, store.CheckJournal}},
		"a deadline":                    {`update sigil.memories set fades_at = fades_at + interval '1 hour'` + of(v.Plain.ID), checks{store.CheckDeadline}, checks{store.CheckDeadline}},
		"a deadline by fsrs and life":   {`update sigil.memories set fades_at = fades_at - interval '1 hour'` + of(v.OwnPolicy.ID), checks{store.CheckDeadline, store.CheckJournal}, checks{store.CheckDeadline, store.CheckJournal}},
		"no deadline":                   {`update sigil.memories set fades_at = 'infinity'` + of(v.Plain.ID), checks{store.CheckDeadline}, checks{store.CheckDeadline}},
		"the number of a policy":        {`update sigil.memories set policy = 77` + of(v.Vector.ID), checks{store.CheckPolicies}, checks{store.CheckPolicies}},
		"the clock of a tenant":         {`insert into sigil.tenant_clocks (tenant, stops, stood) values ('tenant-with-a-clock', 'infinity', -1)`, checks{store.CheckPolicies}, checks{store.CheckPolicies}},
		"the policy of a tenant":        {`update sigil.tenant_policies set policy = 'tide h=1h'`, checks{store.CheckPolicies}, checks{store.CheckPolicies}},
		"a memory that is lost":         {`delete from sigil.own_vectors` + of(v.Vector.ID) + `; delete from sigil.words` + of(v.Vector.ID) + `; delete from sigil.vectors` + of(v.Vector.ID) + `; delete from sigil.memories` + of(v.Vector.ID), checks{store.CheckCounters, store.CheckJournal}, checks{store.CheckJournal}},
		"a block of the journal":        {`delete from sigil.journal where last = 1`, checks{store.CheckJournal}, checks{store.CheckJournal}},
		"a byte of the journal":         {`update sigil.journal set block = set_byte(block, 2, 77) where last = 1`, checks{store.CheckChain, store.CheckJournal}, checks{store.CheckChain, store.CheckJournal}},
		"the newest position":           {`update sigil.head set position = position - 1`, checks{store.CheckChain, store.CheckJournal}, checks{store.CheckChain, store.CheckJournal}},
		"a link":                        {`update sigil.links set link = sha256(link) where position = 3`, checks{store.CheckChain}, checks{store.CheckChain}},
		"a link that is lost":           {`delete from sigil.links where position = 3`, checks{store.CheckChain}, checks{store.CheckChain}},
		"half a link":                   {`update sigil.links set link = '\x0011' where position = (select max(position) from sigil.links)`, checks{store.CheckChain}, checks{store.CheckChain}},
		"the newest link":               {`update sigil.head set link = sha256(link)`, checks{store.CheckChain}, checks{store.CheckChain}},
		"the members of a crystal":      {`update sigil.crystals set members = members + 1000`, checks{store.CheckCrystals}, checks{store.CheckCrystals}},
		"the frequency of a crystal":    {`update sigil.crystals set frequency = 0`, checks{store.CheckCrystals}, checks{store.CheckCrystals}},
		"a crystal that is lost":        {`delete from sigil.crystals`, checks{store.CheckCrystals}, checks{store.CheckCrystals}},
		"a removed content":             {`delete from sigil.removed` + of(v.Forgotten.ID), checks{store.CheckRemoved}, checks{store.CheckRemoved}},
		"how it was removed":            {`delete from sigil.removals` + of(v.Forgotten.ID), checks{store.CheckCounters, store.CheckRemoved}, checks{store.CheckRemoved}},
		"when it was removed":           {`update sigil.removals set position = position + 1` + of(v.Forgotten.ID), checks{store.CheckRemoved}, checks{store.CheckRemoved}},
		"a link to a superseded memory": {`update sigil.memories set supersedes = null` + of(v.Newest.ID), checks{store.CheckCorrections}, checks{store.CheckCorrections}},
		"a link from one":               {`update sigil.removals set superseded_by = gen_random_uuid()` + of(v.Corrected.ID), checks{store.CheckCorrections}, checks{store.CheckCorrections}},
		"an answer":                     {`update sigil.answers set answer = '\x00' where tenant = 'other'`, checks{store.CheckAnswers}, checks{store.CheckAnswers}},
		"the end of an answer":          {`update sigil.answers set ends = ends + interval '1 hour'`, checks{store.CheckIndexes}, nil},
		"a revocation":                  {`update sigil.signatures set revoked_at = 'infinity'`, checks{store.CheckSignatures}, checks{store.CheckSignatures}},
		"a signature":                   {`delete from sigil.signatures`, checks{store.CheckCounters, store.CheckSignatures}, checks{store.CheckSignatures}},
		"the key of receipts":           {`update sigil.signer set seed = '\x00'`, checks{store.CheckReceipts}, checks{store.CheckReceipts}},
		"counts":                        {`update sigil.tenants set memories = memories + 1, bytes = 0, signatures = 7, removed = 7, removed_bytes = 1, vectors = 0`, checks{store.CheckCounters}, nil},
		"the row of a tenant":           {`delete from sigil.tenants where tenant = 'other'`, checks{store.CheckCounters}, nil},
		"words":                         {`update sigil.words set terms = replace(terms, 'tea', 'tee')` + of(v.Plain.ID), checks{store.CheckWords}, nil},
		"the counts of words":           {`update sigil.words set counts = substr(counts, 2)` + of(v.Plain.ID), checks{store.CheckWords}, nil},
		"words that are lost":           {`delete from sigil.words` + of(v.Plain.ID), checks{store.CheckCounters, store.CheckWords}, nil},
		"words of no memory":            {`update sigil.words set id = gen_random_uuid()` + of(v.Plain.ID), checks{store.CheckWords}, nil},
		"a vector":                      {`update sigil.vectors set codes = set_byte(codes, 3, 100), signs = set_bit(signs, 3, 1)` + of(v.Plain.ID), checks{store.CheckVectors}, nil},
		"the signs of a vector":         {`update sigil.vectors set signs = ~ signs` + of(v.Plain.ID), checks{store.CheckVectors}, nil},
		"a vector that is lost":         {`delete from sigil.vectors` + of(v.Plain.ID), checks{store.CheckCounters, store.CheckVectors}, nil},
		"a vector of no memory":         {`insert into sigil.vectors select 'other', gen_random_uuid(), signs, codes from sigil.vectors` + of(v.Plain.ID), checks{store.CheckCounters, store.CheckVectors}, nil},
		"a vector that was given":       {`update sigil.own_vectors set signs = ~ signs` + of(v.Vector.ID), checks{store.CheckVectors}, checks{store.CheckVectors}},
	} {
		t.Run(name, func(t *testing.T) {
			url := copied(t, url)
			execute(t, url, tt.sql)
			names, said := checked(t, url)
			if !slices.Equal(names, tt.want) {
				t.Errorf("found %v, want %v:\n%s", names, tt.want, said)
			}
			for _, secret := range []string{"tea", "tee", "lemon", "shop"} {
				if strings.Contains(said, secret) {
					t.Errorf("the content %q is shown:\n%s", secret, said)
				}
			}
			done, err := pgstore.Repair(t.Context(), url, quietly)
			if err != nil {
				t.Fatal(err)
			}
			if (len(done.Repaired) > 0) != (len(tt.left) < len(tt.want)) {
				t.Errorf("repaired %v", done.Repaired)
			}
			if names, said := checked(t, url); !slices.Equal(names, tt.left) {
				t.Errorf("a repair leaves %v, want %v:\n%s", names, tt.left, said)
			}
		})
	}
}
