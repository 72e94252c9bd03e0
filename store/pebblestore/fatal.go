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
			detail = "the disk is full; make room, and start the process again"
		}
		// Only the words of err: it carries a stack trace that a log would print whole.
		s.failErr = &sigil.Error{Kind: sigil.ErrUnavailable, Code: "store_failed", Detail: detail, Err: errors.New(err.Error())}
		close(s.failed)
		s.commits.pending.fail(s.failErr)
		if s.onFatal != nil {
			s.onFatal(s.failErr)
		}
	})
}

func (s *Store) failure() error { return s.failErr }

// letGo is how long the database may take to end what it does once the disk has failed.
const letGo = 2 * time.Second

// apart runs do, which opens or closes the database, on a goroutine of its own and waits for it. When the disk fails,
// the database ends the goroutine that it is in (Fatalf), or leaves it waiting for another that ended this way. Such a
// goroutine waits until the process exits.
func (s *Store) apart(do func() error) error {
	done := make(chan error, 1)
	go func() {
		var err error
		returned := false
		defer func() {
			if !returned {
				select {
				case <-s.failed:
					_ = recover() // it may have fallen over what the failure left behind
				default: // then it is a fault of ours, and goes on
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

// closeDatabase closes the database, and returns the failure if there was one. The database keeps
// its own lock if it cannot be closed any more: the folder is safe from others until the process ends.
func (s *Store) closeDatabase() error {
	err := s.apart(s.db.Close)
	select {
	case <-s.failed:
		return s.failure() // why it could not be closed follows from it
	default:
		return err
	}
}

// databaseLogger passes on the errors of the database, and nothing of its daily work.
type databaseLogger struct {
	s   *Store
	log *slog.Logger
}

func (*databaseLogger) Infof(string, ...any) {}

func (l *databaseLogger) Errorf(format string, args ...any) {
	l.log.Error("pebble: " + fmt.Sprintf(format, args...))
}

// Fatalf must not return. It ends the goroutine that called it, not the process: callers of the store
// are to get their answer first.
func (l *databaseLogger) Fatalf(format string, args ...any) {
	err := fmt.Errorf("pebble: "+format, args...)
	l.log.Error(err.Error())
	l.s.fail(err)
	runtime.Goexit()
}

// reading returns what went wrong in reading from the open store in words, if it is damage.
func (s *Store) reading(err error) error {
	if disk.IsDamage(err) {
		return disk.Damaged(s.folder.Dir, errors.New(err.Error())) // its words: it carries a stack trace
	}
	return err
}
