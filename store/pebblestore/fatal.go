package pebblestore

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/disk"
)

// fail puts the store out of service.
func (s *Store) fail(err error) {
	s.failOnce.Do(func() {
		detail := "the disk failed; the process must be started again"
		if disk.IsFull(err) {
			detail = "the disk is full; free some space, and start the process again"
		}
		// Only the text of err, which carries a stack trace that a log would print whole.
		s.failErr = &sigil.Error{Kind: sigil.ErrUnavailable, Code: "store_failed", Detail: detail, Err: errors.New(err.Error())}
		close(s.failed)
		s.commits.pending.fail(s.failErr)
		if s.onFatal != nil {
			s.onFatal(s.failErr)
		}
	})
}

func (s *Store) failure() error { return s.failErr }

// letGo is how long the database may take to finish after the disk has failed.
const letGo = 2 * time.Second

// apart runs do, which opens or closes the database, on its own goroutine and waits for it. When the disk
// fails, the database ends the goroutine that it runs on (Fatalf), or leaves it waiting for another that
// ended this way. Such a goroutine waits until the process exits.
func (s *Store) apart(do func() error) error {
	done := make(chan error, 1)
	go func() {
		var err error
		returned := false
		defer func() {
			if !returned {
				select {
				case <-s.failed:
					_ = recover() // a panic may follow from the failure
				default: // otherwise it is a bug of ours: the panic continues
				}
				err = s.failure()
			}
			done <- err
		}()
		err = do()
		returned = true
	}()
	select {
	case err := <-done:
		return err
	case <-s.failed:
	}
	limit := time.NewTimer(letGo)
	defer limit.Stop()
	select {
	case err := <-done:
		return err
	case <-limit.C:
		s.unclosed = true
		return s.failure()
	}
}

// closeDatabase closes the database. It returns the store's failure, if there is one. If the database can no
// longer be closed, it keeps its lock, so the folder is safe from other processes until this one ends.
func (s *Store) closeDatabase() error {
	err := s.apart(s.db.Close)
	select {
	case <-s.failed:
		return s.failure() // an error of closing follows from it
	default:
		return err
	}
}

// databaseLogger passes on the errors of the database, but none of its routine messages.
type databaseLogger struct {
	s   *Store
	log *slog.Logger
}

func (*databaseLogger) Infof(string, ...any) {}

func (l *databaseLogger) Errorf(format string, args ...any) {
	l.log.Error("pebble: " + fmt.Sprintf(format, args...))
}

// Fatalf must not return. It ends the goroutine that called it, and not the process, so that callers of the
// store are answered first.
func (l *databaseLogger) Fatalf(format string, args ...any) {
	err := fmt.Errorf("pebble: "+format, args...)
	l.log.Error(err.Error())
	l.s.fail(err)
	runtime.Goexit()
}

// reading describes err, an error of reading from the open store, if it means damage.
func (s *Store) reading(err error) error {
	if disk.IsDamage(err) {
		return disk.Damaged(s.folder.Dir, errors.New(err.Error())) // the text, without the stack trace
	}
	return err
}
