package pgstore_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
)

// TestAKeyIsInProgressUntilItsInsertHasEnded has a caller give up an encode that the database still carries out. Its
// idempotency key stays in progress until then: a second try must not be refused for another reason, such as a quota,
// while the first is kept later.
func TestAKeyIsInProgressUntilItsInsertHasEnded(t *testing.T) {
	url := database(t)
	s := open(t, url, nil)
	e := engineOn(s)
	if _, err := e.Encode(t.Context(), sigil.DefaultTenant, draft(1)); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) // nothing is lost
	if _, err := conn.Exec(t.Context(), "begin; select from sigil.head for update"); err != nil {
		t.Fatal(err)
	}
	ctx, giveUp := context.WithCancel(t.Context())
	first := make(chan error)
	go func() { // ends when the caller gives up
		_, err := e.Encode(ctx, sigil.DefaultTenant, draft(2))
		first <- err
	}()
	until(t, "for the insert to wait", func() bool {
		var waiting int
		if err := conn.QueryRow(t.Context(), "select count(*) from pg_locks where not granted").Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		return waiting > 0
	})
	giveUp()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that gave up: %v", err)
	}
	if _, err := e.Encode(t.Context(), sigil.DefaultTenant, draft(2)); sigil.CodeOf(err) != "idempotency_in_flight" {
		t.Errorf("the same key, while the first insert waits: %v; want idempotency_in_flight", err)
	}
	if _, err := conn.Exec(t.Context(), "rollback"); err != nil {
		t.Fatal(err)
	}
	until(t, "for the answer", func() bool {
		_, err := e.Encode(t.Context(), sigil.DefaultTenant, draft(2))
		if err != nil && sigil.CodeOf(err) != "idempotency_in_flight" {
			t.Fatalf("the same key, after the first insert: %v", err)
		}
		return err == nil
	})
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if n := len(listed(t, url)); n != 2 {
		t.Errorf("%d memories, want 2", n)
	}
}
