package pgstore

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/internal/wake"
)

// policyChannel is the channel on which processes notify each other of a change of a tenant's policy.
const policyChannel = "sigil_policies"

// tenantPolicies has the policies of tenants, as they were last read from the database.
type tenantPolicies struct {
	reading sync.Mutex // held while they are read
	all     atomic.Pointer[map[string]sigil.Policy]
	stale   wake.Signal // fires when they are to be read again
}

const policyColumns = "tenant, policy, since, restamping"

func scanTenantPolicy(rows pgx.Rows) (p store.TenantPolicy, err error) {
	var text string
	if err := rows.Scan(&p.Tenant, &text, &p.Since, &p.Restamping); err != nil {
		return p, err
	}
	p.Since = p.Since.UTC()
	if text != "" {
		p.Policy, err = record.ParsePolicy(text)
	}
	return p, err
}

// ChangePolicy implements [store.Store].
func (s *Store) ChangePolicy(ctx context.Context, tenant string, change func(*store.TenantPolicy) (*sigil.Event, error)) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	bounded, cancel := s.steady(ctx)
	defer cancel()
	if err := s.flush(bounded); err != nil {
		return failure(err)
	}
	journaled := false
	var refused error // by change
	err := s.transact(bounded, func(t *tx) error {
		var locked []int64
		var found []store.TenantPolicy
		b := &pgx.Batch{}
		into(b, &locked, scanOne[int64], countSignatures, tenant) // locks the tenant's row
		into(b, &found, scanTenantPolicy, "select "+policyColumns+" from sigil.tenant_policies where tenant = $1", tenant)
		if err := t.send(bounded, b); err != nil {
			return err
		}
		var p store.TenantPolicy
		if len(found) > 0 {
			p = found[0]
		}
		p.Tenant = tenant
		event, err := change(&p)
		if refused = err; err != nil {
			return err
		}
		var w writes
		if p.Empty() {
			w.add("delete from sigil.tenant_policies where tenant = $1", tenant)
		} else {
			text := ""
			if p.Policy != nil {
				text = p.Policy.StoredForm()
			}
			w.add(`insert into sigil.tenant_policies (tenant, policy, since, restamping) values ($1, $2, $3, $4)
on conflict (tenant) do update set policy = excluded.policy, since = excluded.since, restamping = excluded.restamping`,
				tenant, bytesOf(text), p.Since, p.Restamping)
		}
		if journaled = event != nil; journaled {
			var j entries
			if err := s.journal(&j, event); err != nil {
				return err
			}
			var base uint64
			j.queue(&w, &base)
		}
		return t.commit(bounded, w)
	})
	if refused != nil {
		return refused
	}
	if err != nil {
		return failure(err)
	}
	if journaled {
		s.tell()
	}
	err = s.readTenantPolicies(bounded)
	_ = s.send(bounded, policyChannel, "") // if it fails, the others read the policies a little later
	return failure(err)
}

// PolicyOf implements [store.Store].
func (s *Store) PolicyOf(tenant string) sigil.Policy { return (*s.tenantPolicies.all.Load())[tenant] }

// TenantPolicies implements [store.Store].
func (s *Store) TenantPolicies(ctx context.Context) ([]store.TenantPolicy, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	rows, err := s.pool.Query(bounded, "select "+policyColumns+" from sigil.tenant_policies order by tenant")
	all, err := collect(rows, err, scanTenantPolicy)
	return all, reading(ctx, err)
}

// readTenantPolicies reads the policies of tenants from the database.
func (s *Store) readTenantPolicies(ctx context.Context) error {
	s.tenantPolicies.reading.Lock() // else an older answer could replace a newer one
	defer s.tenantPolicies.reading.Unlock()
	rows, err := s.pool.Query(ctx, "select "+policyColumns+" from sigil.tenant_policies where policy <> ''")
	kept, err := collect(rows, err, scanTenantPolicy)
	if err != nil {
		return err
	}
	all := make(map[string]sigil.Policy, len(kept))
	for i := range kept {
		all[kept[i].Tenant] = kept[i].Policy
	}
	s.tenantPolicies.all.Store(&all)
	return nil
}

// keepTenantPolicies reads the policies and clocks of tenants again when other processes have changed some, and every few seconds, until ctx ends.
func (s *Store) keepTenantPolicies(ctx context.Context) {
	tick := time.NewTicker(store.PolicyDelay - time.Second)
	defer tick.Stop()
	for {
		stale := s.tenantPolicies.stale.Wait() // before reading, so that no later change is missed
		bounded, cancel := s.bounded(ctx)
		err := s.readTenantPolicies(bounded)
		if err == nil {
			_, err = s.readClocks(bounded)
		}
		if err != nil && ctx.Err() == nil {
			s.logger.Warn("the policies and clocks of tenants cannot be read: changes by other processes are not seen yet", "error", err)
		}
		cancel()
		select {
		case <-stale:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
