package pgstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

const (
	signatureColumns = "tenant, id, body, signer, registered_at, revoked_at, reason, statement"

	// countSignatures locks the row of a tenant, which it makes if there is none, and returns its number of signatures.
	countSignatures = `insert into sigil.tenants as t (tenant, signatures) values ($1, 0)
on conflict (tenant) do update set signatures = t.signatures returning signatures`
	insertSignature = "insert into sigil.signatures (" + signatureColumns + ") values ($1, $2, $3, $4, $5, $6, $7, $8)"
)

func scanSignature(rows pgx.Rows) (s sigil.Signature, err error) {
	var body []byte
	var signer int64
	var revoked pgtype.Timestamptz
	err = rows.Scan(&s.Tenant, (*[16]byte)(&s.ID), &body, &signer, &s.RegisteredAt, &revoked, &s.Reason, &s.Statement)
	if err == nil && len(body) != len(s.Body) {
		err = damaged("a signature's hash")
	}
	copy(s.Body[:], body)
	s.Signer = uint64(signer) // the same bits
	s.RegisteredAt, s.RevokedAt = s.RegisteredAt.UTC(), fromDeadline(revoked)
	return s, err
}

// Register implements [store.Store]. The signatures of a tenant are registered one after the other.
func (s *Store) Register(ctx context.Context, signature sigil.Signature, limit int, event sigil.Event) (kept sigil.Signature, added bool, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return sigil.Signature{}, false, err
	}
	bounded, cancel := s.steady(ctx)
	defer cancel()
	err = s.transact(bounded, func(t *tx) error {
		added = false
		var count []int64
		var found []sigil.Signature
		b := &pgx.Batch{}
		into(b, &count, scanOne[int64], countSignatures, signature.Tenant)
		into(b, &found, scanSignature, "select "+signatureColumns+byID, signature.Tenant, [16]byte(signature.ID))
		if err := t.send(bounded, b); err != nil {
			return err
		}
		if len(found) > 0 {
			kept = found[0]
			return nil // rolled back
		}
		if limit > 0 && count[0] >= int64(limit) {
			return store.NewSignaturesFull()
		}
		var w writes
		w.add(insertSignature, signature.Tenant, [16]byte(signature.ID), signature.Body[:], int64(signature.Signer), signature.RegisteredAt,
			deadline(signature.RevokedAt), bytesOf(signature.Reason), bytesOf(string(signature.Statement)))
		w.add("update sigil.tenants set signatures = signatures + 1 where tenant = $1", signature.Tenant)
		var j entries
		if err := s.journal(&j, &event); err != nil {
			return err
		}
		var base uint64
		j.queue(&w, &base)
		kept, added = signature, true
		return t.commit(bounded, w)
	})
	if err != nil {
		return sigil.Signature{}, false, failure(err)
	}
	if added {
		s.tell()
	}
	return kept, added, nil
}

// bytesOf returns a parameter of a text or bytes, which if they are empty would else be null.
func bytesOf(s string) raw { return raw([]byte(s)) }

const byID = " from sigil.signatures where tenant = $1 and id = $2"

// Signatures implements [store.Store].
func (s *Store) Signatures(ctx context.Context, q store.SignatureQuery) (page []sigil.Signature, more bool, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, false, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	sql, args := "select "+signatureColumns+" from sigil.signatures where tenant = $1", []any{q.Tenant}
	where := func(condition string, value any) {
		args = append(args, value)
		sql += fmt.Sprintf(" and "+condition, len(args))
	}
	if q.Before != (sigil.ID{}) {
		where("id < $%d", [16]byte(q.Before))
	}
	if q.Body != nil {
		where("body = $%d", q.Body[:])
	}
	if q.Signer != nil {
		where("signer = $%d", int64(*q.Signer))
	}
	args = append(args, q.Limit+1) // one more than the page holds shows whether there is more
	sql += fmt.Sprintf(" order by id desc limit $%d", len(args))
	rows, err := s.pool.Query(bounded, sql, args...)
	page, err = collect(rows, err, scanSignature)
	if err != nil {
		return nil, false, reading(ctx, err)
	}
	if len(page) > q.Limit {
		return page[:q.Limit], true, nil
	}
	return page, false, nil
}

// Revoke implements [store.Store].
func (s *Store) Revoke(ctx context.Context, tenant string, body sigil.Hash, id sigil.ID, change func(*sigil.Signature) *sigil.Event) (found []sigil.Signature, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	bounded, cancel := s.steady(ctx)
	defer cancel()
	journaled := false
	err = s.transact(bounded, func(t *tx) error {
		found, journaled = nil, false
		sql, args := "select "+signatureColumns+" from sigil.signatures where tenant = $1 and body = $2", []any{tenant, body[:]}
		if id != (sigil.ID{}) {
			sql, args = sql+" and id = $3", append(args, [16]byte(id))
		}
		b := &pgx.Batch{}
		// Registrations lock the tenant's row, too: so this misses none that has returned, or that others may have seen.
		b.Queue(lockTenant, tenant).Query(func(rows pgx.Rows) error { rows.Close(); return rows.Err() })
		into(b, &found, scanSignature, sql+" order by id for update", args...)
		if err := t.send(bounded, b); err != nil {
			return err
		}
		var w writes
		var j entries
		for i := range found {
			changed := found[i]
			event := change(&changed)
			if event == nil {
				continue
			}
			found[i].RevokedAt, found[i].Reason = changed.RevokedAt, changed.Reason
			w.add("update sigil.signatures set revoked_at = $3, reason = $4 where tenant = $1 and id = $2",
				tenant, [16]byte(found[i].ID), deadline(changed.RevokedAt), bytesOf(changed.Reason))
			if err := s.journal(&j, event); err != nil {
				return err
			}
		}
		if j.n == 0 {
			return nil // rolled back
		}
		var base uint64
		j.queue(&w, &base)
		journaled = true
		return t.commit(bounded, w)
	})
	if err != nil {
		return nil, failure(err)
	}
	if journaled {
		s.tell()
	}
	return found, nil
}
