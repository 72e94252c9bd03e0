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
)

// SQLSTATEs that are handled by name.
const (
	uniqueViolation = "23505"
	overQuota       = "SG001" // sigil.demand's: a quota would be passed
	answered        = "SG002" // and: an answer is kept already
	sameRowTwice    = "21000" // two inserts with one key, the caller of the first having left
	serialization   = "40001"
	deadlock        = "40P01"
	diskFull        = "53100"
	readOnly        = "25006" // connected to a replica
	undefinedTable  = "42P01"
	duplicateSchema = "42P06"

	noSuchLogin   = "28000" // nor a rule of pg_hba.conf
	wrongPassword = "28P01"
	noDatabase    = "3D000"

	tooManyConnections = "53300"
	protocolViolation  = "08P01" // also every error of PgBouncer's own
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

// failure turns an error of the database or the network into one of package sigil. An error that is already one of
// package sigil, or the caller's own, is returned unchanged.
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
	case barred(code): // unavailable: a database that let us in once may do so again
	case code != "" && !passing(code), code == "" && !lost(err), untrusted(err):
		return fmt.Errorf("pgstore: %w", err)
	}
	return &sigil.Error{Kind: sigil.ErrUnavailable, Code: "unavailable", Detail: condition(err), Err: err}
}

// condition returns one sentence on why the database cannot do this now.
func condition(err error) string {
	switch code := stateOf(err); {
	case tooMany(err):
		return "the database takes no more connections: raise its limit, or lower --store-connections of the daemons that share it"
	case code == readOnly:
		return "the database takes no writes: it is a replica, or default_transaction_read_only is on"
	case code == serialization || code == deadlock:
		return "the database ended this for the sake of other transactions, several times"
	case barred(code):
		return "the database does not let this service in any more: the role, its password or the database itself was changed"
	}
	return "the database cannot be reached, or did not answer in time"
}

// barred reports whether a SQLSTATE means that the server does not let this role in, or has no such database.
func barred(code string) bool {
	return code == noSuchLogin || code == wrongPassword || code == noDatabase
}

// openFailure is like failure, for the first connections of a store. If the server refuses the role, the password or
// the database of the URL, waiting does not help: the URL has to be changed.
func openFailure(err error) error {
	var detail string
	switch stateOf(err) {
	case wrongPassword:
		detail = "has a role or a password that the database refuses: mend them in the URL, in PGPASSWORD or in the password file"
	case noSuchLogin:
		detail = "names a role that the database does not let in: create it, permit it to log in, or name another; or see to pg_hba.conf on the server"
	case noDatabase:
		detail = "names a database that does not exist: create it, or name another"
	default:
		return failure(err)
	}
	return &sigil.Error{Kind: sigil.ErrInvalid, Code: "store_refused", Field: "store", Detail: detail, Err: err}
}

// untrusted reports whether the connection failed because one side does not trust the other: waiting does
// not help.
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
		"55", // object not in prerequisite state: a lock was not to be had in time
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

func exists() error {
	return &sigil.Error{Kind: sigil.ErrConflict, Code: "exists", Field: "id", Detail: "a memory with this id is there already"}
}
