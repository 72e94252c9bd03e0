package pgstore

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// These SQLSTATEs are handled by name.
const (
	uniqueViolation = "23505"
	overQuota       = "SG001" // from sigil.demand: a quota would be exceeded
	answered        = "SG002" // from sigil.demand: an answer is stored already
	taken           = "SG003" // from demandUnique: a unique content is stored already
	sameRowTwice    = "21000" // two inserts with one key, after the caller of the first has left
	serialization   = "40001"
	deadlock        = "40P01"
	diskFull        = "53100"
	outOfRange      = "22003" // a number for its column
	readOnly        = "25006" // the connection is to a replica
	undefinedTable  = "42P01"
	duplicateSchema = "42P06"

	noSuchLogin   = "28000" // also if no rule of pg_hba.conf matches
	wrongPassword = "28P01"
	noDatabase    = "3D000"

	tooManyConnections = "53300"
	protocolViolation  = "08P01" // also the code of every error of PgBouncer itself
)

func stateOf(err error) string {
	if err == nil {
		return ""
	}
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// failure converts an error of the database or the network to one of package sigil. It returns an error of
// package sigil or of the caller unchanged.
func failure(err error) error {
	if err == nil {
		return nil
	}
	var known *sigil.Error
	switch code := stateOf(err); {
	case errors.As(err, &known):
		return err
	case code == diskFull:
		return &sigil.Error{Kind: sigil.ErrFull, Code: "disk_full", Detail: "the database has no disk space", Err: err}
	case code == protocolViolation && strings.Contains(err.Error(), "unsupported startup parameter"):
		return &sigil.Error{
			Kind: sigil.ErrInvalid, Code: "invalid_store", Field: "store",
			Detail: "has a setting that a pooler in front of the database refuses: remove it from the URL, and pool by session, since pooling by transaction loses settings", Err: err,
		}
	case barred(code): // unavailable: a database that accepted this role once may do so again
	case code != "" && !passing(code), code == "" && !lost(err), untrusted(err):
		return fmt.Errorf("pgstore: %w", err)
	}
	return &sigil.Error{Kind: sigil.ErrUnavailable, Code: "unavailable", Detail: condition(err), Err: err}
}

// condition returns a sentence on why the database cannot do this now.
func condition(err error) string {
	switch code := stateOf(err); {
	case tooMany(err):
		return "the database accepts no more connections: raise its limit, or lower --store-connections of the daemons that share it"
	case code == readOnly:
		return "the database accepts no writes: it is a replica, or default_transaction_read_only is on"
	case code == serialization || code == deadlock:
		return "the database aborted this several times in favor of other transactions"
	case barred(code):
		return "the database no longer accepts this service: the role, its password or the database itself was changed"
	}
	return "the database cannot be reached, or did not answer in time"
}

// barred reports whether a SQLSTATE means that the server does not accept this role, or has no such database.
func barred(code string) bool {
	return code == noSuchLogin || code == wrongPassword || code == noDatabase
}

// openFailure is like failure, for the first connections of a store. If the server refuses the role, the
// password or the database in the URL, waiting does not help: the URL must be changed.
func openFailure(err error) error {
	var detail string
	switch stateOf(err) {
	case wrongPassword:
		detail = "has a role or a password that the database refuses: correct them in the URL, in PGPASSWORD or in the password file"
	case noSuchLogin:
		detail = "names a role that the database does not accept: create it, allow it to log in, or name another; or change pg_hba.conf on the server"
	case noDatabase:
		detail = "names a database that does not exist: create it, or name another"
	default:
		return failure(err)
	}
	return &sigil.Error{Kind: sigil.ErrInvalid, Code: "store_refused", Field: "store", Detail: detail, Err: err}
}

// untrusted reports whether the connection failed because one side does not trust the other. Waiting does not
// help.
func untrusted(err error) bool {
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate) || strings.Contains(err.Error(), "server refused TLS connection") // pgx exports no error for it
}

// passing reports whether a SQLSTATE is about the server's condition rather than the statement.
func passing(code string) bool {
	switch code {
	case serialization, deadlock, readOnly:
		return true
	}
	switch code[:2] {
	case "08", // connection exception
		"25", // invalid transaction state: the server ended an idle transaction
		"53", // insufficient resources
		"55", // object not in prerequisite state: a lock was not available in time
		"57", // operator intervention: shutdown, canceled, out of time
		"58": // system error
		return true
	}
	return false
}

// lost reports whether an error without a SQLSTATE comes from the network, a timeout or the pool.
func lost(err error) bool {
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.As(err, &network) || errors.As(err, &connect) || pgconn.Timeout(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, pgx.ErrTxClosed) ||
		strings.Contains(err.Error(), "conn closed") || strings.Contains(err.Error(), "closed pool") // pgx exports no error for these
}

func closed() error {
	return &sigil.Error{Kind: sigil.ErrClosed, Code: "closed", Detail: "the store was closed"}
}

func exists() error { return store.NewExists() }
