package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sigil-dna/sigil/client"
)

// maxDoctorBody is how much of an answer is read.
const maxDoctorBody = 16 << 20

const (
	nextLog         = "read the daemon's log: journalctl -u sigil, or where its standard error goes"
	nextStart       = "start one: sigil serve, or systemctl start sigil; if it ended by itself, " + nextLog
	nextCredentials = "give the command credentials that this daemon accepts"
)

// reply is the answer to a request.
type reply struct {
	status int
	date   string
	body   []byte
}

// get returns the answer to a request for a path that needs no tenant.
func (d *doctor) get(ctx context.Context, path string) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url+path, nil)
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("User-Agent", "sigil-cli/"+d.app.version)
	resp, err := d.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDoctorBody))
	return reply{resp.StatusCode, resp.Header.Get("Date"), body}, err
}

// denied reports whether a status means that credentials are missing or insufficient.
func denied(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// checkDaemon asks whether a daemon is there, and compares its version and clock.
func (d *doctor) checkDaemon(ctx context.Context) {
	sent := d.app.now()
	resp, err := d.get(ctx, "/livez")
	received := d.app.now()
	if err != nil {
		d.add("daemon", resultProblem, d.nextUnreachable(), "no answer from %s (%s): %s", d.client, d.addrFrom, cause(err))
		return
	}
	var live struct{ Status, Version string }
	if resp.status != http.StatusOK || json.Unmarshal(resp.body, &live) != nil || live.Status != "ok" || live.Version == "" {
		d.add("daemon", resultProblem, "name the daemon's address with --addr or SIGIL_ADDR",
			"what answers at %s (%s) is not a sigil daemon: status %d", d.client, d.addrFrom, resp.status)
		return
	}
	d.answers = true
	d.lag = differenceOf(resp.date, sent, received)
	d.add("daemon", resultOK, "", "answers at %s (%s) in %s", d.client, d.addrFrom, took(received.Sub(sent)))
	if live.Version == d.app.version {
		d.add("version", resultOK, "", "%s, as this command", live.Version)
		return
	}
	d.add("version", resultWarning, "use the daemon's own command, or replace the daemon: sigil reload, or a restart with PostgreSQL",
		"the daemon has %s, this command %s", live.Version, d.app.version)
}

// cause returns what went wrong with a request, without its URL, which may have a password.
func cause(err error) string {
	var whole *url.Error
	if errors.As(err, &whole) {
		if whole.Timeout() {
			return "it did not answer in time"
		}
		err = whole.Err
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return op.Err.Error()
	}
	return err.Error()
}

// nextUnreachable returns what to do if nothing answers.
func (d *doctor) nextUnreachable() string {
	if d.data == "" {
		return nextStart
	}
	if h, err := running(d.data); err == nil {
		if addr := d.savedAddr(); addr != "" && addr != d.addr {
			return "the daemon of " + d.data + " listens on " + addr + ": name it with --addr"
		}
		return "process " + strconv.Itoa(h.PID) + " has " + d.data + " open: wait if it is starting; else " + nextLog
	}
	return nextStart
}

// checkReady asks whether the daemon takes requests.
func (d *doctor) checkReady(ctx context.Context) {
	resp, err := d.get(ctx, "/readyz")
	if err != nil {
		d.add("ready", resultProblem, nextLog, "no answer: %s", cause(err))
		return
	}
	if resp.status != http.StatusOK {
		var p struct{ Code, Detail string }
		if json.Unmarshal(resp.body, &p) != nil || p.Detail == "" {
			p.Detail = http.StatusText(resp.status)
		}
		next := "wait if it is starting; else " + nextLog
		switch {
		case p.Code == "store_failed":
			next = "find the cause in the daemon's log, repair the disk or file system, then start the daemon again"
		case strings.Contains(p.Detail, "database"):
			next = "look at PostgreSQL, and at the network to it: the daemon goes on by itself once it is reached"
		}
		d.add("ready", resultProblem, next, "not ready (%d): %s", resp.status, p.Detail)
		return
	}
	var h struct {
		Search string
		Clock  *struct {
			State   string
			Seconds float64
		}
	}
	if err := json.Unmarshal(resp.body, &h); err != nil {
		d.add("ready", resultProblem, nextLog, "the answer makes no sense")
		return
	}
	d.search = h.Search
	switch {
	case h.Clock == nil:
		d.add("ready", resultOK, "", "takes requests")
	case h.Clock.State == "held":
		d.add("ready", resultWarning, "check the time (timedatectl). If it is right, confirm it: sigil clock confirm. Else the daemon believes it once it has lasted for --clock-confirm",
			"takes requests, but sweeps wait: the clock jumped by %s, or is that far from the newest journal entry since the start", took(seconds(h.Clock.Seconds)))
	default:
		d.add("ready", resultWarning, "check the machine's time service (timedatectl); time runs at half its pace until both agree",
			"takes requests, but its time is %s ahead of the clock", took(seconds(h.Clock.Seconds)))
	}
}

// checkStore reads the daemon's store.
func (d *doctor) checkStore(ctx context.Context) {
	id, err := d.client.Identity(ctx)
	if err != nil {
		d.failed("store", err)
		return
	}
	d.identity = &id
	d.add("store", resultOK, "", "%s (%s), %s, served for %s", id.Store, id.Driver, count(id.Memories, "memory of this tenant", "memories of this tenant"), span(seconds(id.UptimeSeconds)))
}

// failed adds the finding of a call that failed.
func (d *doctor) failed(check string, err error) {
	var answer *client.Error
	if errors.As(err, &answer) && denied(answer.Problem.Status) {
		d.add(check, resultUnknown, nextCredentials, "the daemon wants other credentials (%d)", answer.Problem.Status)
		return
	}
	d.add(check, resultProblem, nextLog, "%s", message(err))
}

// clockDifference is how far the daemon's clock is from this machine's. Its Date header has whole seconds.
type clockDifference struct {
	known bool
	by    time.Duration // positive if the daemon's is ahead
}

// differenceOf compares the Date of an answer with when its request was sent and the answer received.
func differenceOf(date string, sent, received time.Time) clockDifference {
	at, err := http.ParseTime(date)
	switch {
	case err != nil:
		return clockDifference{}
	case at.After(received):
		return clockDifference{true, at.Sub(received)}
	case at.Add(time.Second).Before(sent):
		return clockDifference{true, at.Add(time.Second).Sub(sent)}
	}
	return clockDifference{known: true}
}

func (d *doctor) checkClock() {
	const next = "set both clocks by NTP (timedatectl): deadlines and signatures go by them"
	switch by := d.lag.by; {
	case !d.lag.known:
		d.add("clock", resultUnknown, "", "the answer has no date")
	case by.Abs() < 2*time.Second:
		d.add("clock", resultOK, "", "the daemon's agrees with this machine's")
	case by.Abs() < time.Minute:
		d.add("clock", resultWarning, next, "the daemon's differs from this machine's by %s", took(by))
	default:
		d.add("clock", resultProblem, next, "the daemon's differs from this machine's by %s", span(by.Abs()))
	}
}

// checkSearch asks how complete the index and the vectors are.
func (d *doctor) checkSearch(ctx context.Context) {
	if d.search == "building" {
		d.add("search", resultWarning, "wait, and look again: searches are incomplete until then", "the index is being built after the start")
		return
	}
	e, err := d.client.Embeddings(ctx)
	var answer *client.Error
	switch {
	case errors.As(err, &answer) && (answer.Problem.Code == "search_off" || answer.Problem.Code == "meaning_off"):
		d.add("search", resultOK, "", "%s", answer.Problem.Detail)
	case err != nil:
		d.failed("search", err)
	case e.Stopped:
		d.add("search", resultWarning, "sigil reembed --resume goes on", "%d of %d memories have vectors, and the making of the others was stopped", e.Vectors, e.Memories)
	case e.Meaning != "ready":
		d.add("search", resultWarning, "wait, and look again: sigil reembed --status shows how far it is", "%d of %d memories have vectors: searches find the others by words", e.Vectors, e.Memories)
	default:
		d.add("search", resultOK, "", "complete: %d of %d memories have vectors", e.Vectors, e.Memories)
	}
}

// checkJournal reads the journal's position and how its readers keep up.
func (d *doctor) checkJournal(ctx context.Context) {
	s, err := d.client.Stats(ctx)
	if err != nil {
		d.failed("journal", err)
		return
	}
	readers, lagging, lagged := d.metrics["sigil_events_subscribers"], d.metrics["sigil_events_lagging"], d.metrics["sigil_events_lagged_total"]
	switch {
	case d.metrics == nil:
		d.add("journal", resultOK, "", "at position %d; readers unknown", s.Position)
	case lagging > 0:
		d.add("journal", resultWarning, "find the slow reader: its stream has messages of the type lagged; nothing is lost while the journal goes back far enough",
			"at position %d; %.0f of %.0f readers fell behind and have not caught up", s.Position, lagging, readers)
	default:
		d.add("journal", resultOK, "", "at position %d; %s, which fell behind %s since the start", s.Position, count(int(readers), "reader", "readers"), count(int(lagged), "time", "times"))
	}
}

// maxBackupAge is how old the newest backup may be.
const maxBackupAge = 48 * time.Hour

// checkBackups asks for the newest backup of the daemon's store. The folder may have those of other stores, and some whose
// manifest cannot be read: none of them counts.
func (d *doctor) checkBackups(ctx context.Context) {
	list, err := d.client.Backups(ctx)
	var answer *client.Error
	if !errors.As(err, &answer) {
		answer = &client.Error{}
	}
	switch code := answer.Problem.Code; {
	case code == "backup_off":
		d.add("backups", resultUnknown, "start the daemon with --backup-dir and --backup-every, or check by other means that copies are made", "this daemon makes none")
		return
	case code == "use_pg_basebackup":
		d.add("backups", resultUnknown, "check that the database's own backups are made (pg_basebackup and its archive of the log)", "memories are kept in PostgreSQL")
		return
	case answer.Problem.Status == http.StatusNotFound: // a daemon of an earlier version
		d.add("backups", resultUnknown, "check by other means that copies are made", "this daemon does not report them")
		return
	case err != nil:
		d.failed("backups", err)
		return
	}
	var newest time.Time
	foreign, unreadable := 0, ""
	for i := range list.Backups {
		switch b := &list.Backups[i]; {
		case b.Problem != "":
			unreadable = b.Name
		case d.identity != nil && b.Store != d.identity.Store:
			foreign++
		case b.CreatedAt.After(newest):
			newest = b.CreatedAt.Time
		}
	}
	switch age := d.app.now().Sub(newest); {
	case newest.IsZero() && foreign > 0:
		d.add("backups", resultWarning, "make one, and have it made regularly (--backup-every)", "there is none of this store, and %d of others", foreign)
	case newest.IsZero():
		d.add("backups", resultWarning, "make one, and have it made regularly (--backup-every)", "there is none")
	case age > maxBackupAge:
		d.add("backups", resultWarning, "find out why none was made since: "+nextLog, "the newest is %s old", span(age))
	case unreadable != "":
		d.add("backups", resultWarning, "remove it, or find out what happened to its files", "the newest is %s old, but %s cannot be read", span(age), unreadable)
	default:
		d.add("backups", resultOK, "", "the newest is %s old", span(age))
	}
}
