package campaign

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// mostRestored is how many backups of a round are restored, the newest of them.
const mostRestored = 4

// sound is a backup that a daemon lists as sound, and what it must have.
type sound struct {
	name     string
	position uint64 // of its newest journal entry
	kept     []*Entry
	gone     []*Entry          // forgotten, corrected or erased before it began
	recalls  map[*Entry]uint64 // the least number of each memory
}

// KillWhileBackingUp is like Kill, with a daemon that makes backups in the folder dir meanwhile: its Args must say so. Afterwards each
// backup that the daemon lists as sound is restored, and compared with what was acknowledged before it began.
func (c *Campaign) KillWhileBackingUp(ctx context.Context, dir string) error {
	checked := time.Now()
	var crashed time.Time
	after := time.Duration(c.rng.IntN(2500)) * time.Millisecond
	err := c.under(ctx, Run{Ends: true}, func(ctx context.Context) error {
		backing := make(chan struct{})
		go func() { // waited for below
			defer close(backing)
			c.backUp(ctx)
		}()
		c.moment(nil, false, after)
		crashed = time.Now()
		err := c.child.Kill(ctx)
		<-backing
		return err
	})
	if err != nil {
		return err
	}
	c.Done.Add("SIGKILL beside backups", 1)
	if err := c.start(ctx); err != nil {
		return err
	}
	list, err := c.sound(ctx, checked, crashed)
	if err != nil {
		return err
	}
	if err := c.check(ctx, crashed, true); err != nil {
		return err
	}
	for _, b := range list {
		if err := c.restored(ctx, dir, b); err != nil {
			return fmt.Errorf("backup %s: %w", b.name, err)
		}
	}
	left, err := os.ReadDir(dir)
	for _, e := range left {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

// backUp asks for one backup after the other, until the daemon is gone. The daemon makes some by itself, too.
func (c *Campaign) backUp(ctx context.Context) {
	api, err := client.New(c.child.Addr(), &client.Options{HTTPClient: newHTTP()})
	for err == nil || errors.Is(err, sigil.ErrConflict) { // another one of that second
		if _, err = api.Backup(ctx, ""); err == nil {
			c.Done.Add("backups answered", 1)
		}
	}
}

// sound returns the backups that the daemon lists as sound, with what each must have. No request may have been made since the kill,
// and the last check had ended at checked.
func (c *Campaign) sound(ctx context.Context, checked, crashed time.Time) ([]*sound, error) {
	api, err := client.New(c.child.Addr(), nil)
	if err != nil {
		return nil, err
	}
	defer api.CloseIdleConnections()
	listed, err1 := api.Backups(ctx)
	own, err2 := api.Identity(ctx)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("listing backups: %w", err)
	}
	var list []*sound
	for i := range listed.Backups {
		b := &listed.Backups[i]
		if b.Problem == "" && b.Store != own.Store {
			continue // the store before this one was backed up until it ended
		}
		if b.Problem != "" {
			c.ledger.violate("the backup %s is listed, but cannot be read: %s", b.Name, b.Problem)
			continue
		}
		c.Done.Add("backups listed", 1)
		if len(list) < mostRestored {
			between := b.CreatedAt.After(checked) && b.CreatedAt.Before(crashed)
			list = append(list, c.ledger.sound(b, between))
		}
	}
	return list, nil
}

// sound returns what a backup must have. If recalls is set, no check and no crash came between it and the recalls that the
// ledger has.
func (l *Ledger) sound(b *client.Backup, recalls bool) *sound {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &sound{name: b.Name, position: b.Position, recalls: map[*Entry]uint64{}}
	before := b.CreatedAt.Add(-slack)
	for _, e := range l.entries {
		if e.fate != kept || !e.acknowledged.Before(before) {
			continue
		}
		s.kept = append(s.kept, e)
		if e.forgotten && e.forgottenAt.Before(before) {
			s.gone = append(s.gone, e)
		}
		if recalls {
			n := e.recalls
			for _, at := range e.recallsAnswered {
				if at.Before(before) {
					n++
				}
			}
			s.recalls[e] = n
		}
	}
	return s
}

// restored restores a backup to a folder of its own, and compares what a daemon there has with what the backup must have.
func (c *Campaign) restored(ctx context.Context, dir string, b *sound) error {
	scratch := filepath.Join(c.Scratch, "restored")
	defer os.RemoveAll(scratch) //nolint:errcheck // the campaign's own folder
	if err := os.MkdirAll(scratch, 0o700); err != nil {
		return err
	}
	data := filepath.Join(scratch, "data")
	for _, args := range [][]string{{"backup", "verify", filepath.Join(dir, b.name)}, {"backup", "restore", filepath.Join(dir, b.name), "--data", data}} {
		if out, err := exec.CommandContext(ctx, c.Program, args...).CombinedOutput(); err != nil { //nolint:gosec // our own program
			c.ledger.violate("the backup %s is listed as sound, but %s %s failed: %v: %s", b.name, args[0], args[1], err, out)
			return nil
		}
	}
	copied := &Child{Program: c.Program, Data: data, Scratch: scratch, Args: append([]string{"--decay-schedule=off", "--crystallize-schedule=off"}, halfLife...)}
	defer copied.KillAll(context.Background()) //nolint:errcheck // at the end it is gone
	if err := copied.Start(); err != nil {
		return err
	}
	if err := copied.Ready(ctx); err != nil {
		return err
	}
	if err := c.ledger.CheckRestored(ctx, copied.Addr(), c.child.Addr(), b); err != nil {
		return err
	}
	c.Done.Add("backups restored", 1)
	return copied.Kill(ctx)
}

// CheckRestored compares the daemon at addr, on a store that was restored from a backup, with what the backup must have. The journal
// must be the beginning of that of the daemon at live, which was checked since, and the memories must be those that follow from it.
func (l *Ledger) CheckRestored(ctx context.Context, addr, live string, b *sound) error {
	clients, done, err := dial(addr, l.tenants)
	if err != nil {
		return err
	}
	defer done()
	r, there := newReplay(), map[sigil.ID]*listed{}
	entries, ends := 0, map[string]time.Time{}
	for i, c := range clients {
		n, err := l.prefix(ctx, c, l.tenants[i], r, b)
		if err != nil {
			return fmt.Errorf("reading the journal: %w", err)
		}
		entries += n
		if _, err := l.list(ctx, c, l.tenants[i], there); err != nil {
			return fmt.Errorf("listing: %w", err)
		}
		ends[l.tenants[i]] = time.Now()
	}
	if uint64(entries) != b.position && (uint64(entries) > b.position || r.erased == 0) {
		l.violate("the backup %s has %d journal entries up to position %d", b.name, entries, b.position)
	}
	if err := l.noticed(ctx, clients[0], live, b); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, m := range there {
		l.compareCopied(id, m, r, b)
	}
	for id, m := range r.memories {
		if m.ended == "" && there[id] == nil && (m.fades == nil || ends[m.tenant].Before(m.fades.Add(-slack))) {
			l.violation("the backup %s lost %s/%s, which lives according to its journal", b.name, m.tenant, id)
		}
	}
	for _, e := range b.kept {
		if r.memories[e.id] == nil {
			l.violation("the backup %s lacks %s, which was acknowledged before it began", b.name, e.name())
		}
	}
	for _, e := range b.gone {
		if m := r.memories[e.id]; m != nil && m.ended == "" {
			l.violation("the backup %s has %s, which was %s before it began", b.name, e.name(), e.altered.ended)
		}
	}
	l.verified += len(there)
	l.replayed += entries
	return nil
}

// prefix reads a tenant's journal of a restored store, adds it to r and returns the number of entries. Each must be the one that
// readers of the live store have seen at its position.
func (l *Ledger) prefix(ctx context.Context, c *client.Client, tenant string, r *replay, b *sound) (n int, err error) {
	for token := ""; ; {
		page, err := c.EventsAfter(ctx, token, journalPage)
		if err != nil {
			return n, err
		}
		for i := range page.Events {
			e := &page.Events[i]
			if !l.hasSeen(e) && !l.ofErased(e) {
				l.violate("the backup %s has another journal entry %d than the store", b.name, e.Position)
			}
			if wrong := r.add(tenant, e); wrong != "" {
				l.violate("the backup %s, journal entry %d: %s", b.name, e.Position, wrong)
			}
		}
		n += len(page.Events)
		if len(page.Events) < journalPage {
			return n, nil
		}
		token = page.Token
	}
}

// noticed checks that a reader of the live store notices the restored one, which also has another epoch.
func (l *Ledger) noticed(ctx context.Context, restored *client.Client, live string, b *sound) error {
	clients, done, err := dial(live, l.tenants[:1])
	if err != nil {
		return err
	}
	defer done()
	newest, err1 := clients[0].LatestEvents(ctx, 1)
	before, err2 := clients[0].Identity(ctx)
	after, err3 := restored.Identity(ctx)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	if before.Store != after.Store || before.Epoch == after.Epoch {
		l.violate("the backup %s: store %s with epoch %s became store %s with epoch %s", b.name, before.Store, before.Epoch, after.Store, after.Epoch)
	}
	_, err = restored.EventsAfter(ctx, newest.Token, 1)
	if ahead := newest.Next > b.position; ahead != errors.Is(err, sigil.ErrGone) {
		l.violate("the backup %s ends at position %d; a reader with the token %s got %v", b.name, b.position, newest.Token, err)
	}
	return nil
}

// compareCopied checks a memory of a restored store. mu is held.
func (l *Ledger) compareCopied(id sigil.ID, m *listed, r *replay, b *sound) {
	e, life := l.entryOf(&m.view), r.memories[id]
	switch {
	case e == nil || e.fate == refused || e.fate == kept && e.id != id:
		l.violation("the backup %s has %s/%s with %.100q, which nobody was told of", b.name, m.view.Tenant, id, m.view.Data)
		return
	case life == nil:
		l.violation("the backup %s has %s without a journal entry", b.name, e.name())
		return
	case life.ended != "" || life.pinned != m.view.Pinned || life.strong != m.view.Crystallized:
		l.violation("the backup %s has %s (pinned %v, crystallized %v); according to its journal: %q, %v, %v", b.name, e.name(), m.view.Pinned, m.view.Crystallized, life.ended, life.pinned, life.strong)
	case m.view.AccessCount < b.recalls[e] || m.view.AccessCount > e.recallsEver:
		l.violation("the backup %s has %s with %d recalls; %d were answered before it began, %d were ever requested", b.name, e.name(), m.view.AccessCount, b.recalls[e], e.recallsEver)
	}
	l.sameContent(e, &m.view)
}
