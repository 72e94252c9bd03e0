package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// The exit codes, which [Run] documents.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitUnreachable = 4
	exitRefused     = 5
	exitTampered    = 6 // of verify: tampered or revoked
	exitUnproven    = 7 // of verify: unsigned, unknown key or expired
)

// usageError is the error of a command line that was not understood; nothing was done.
type usageError string

func (e usageError) Error() string { return string(e) }

// exitError is an exit code whose message has already been printed.
type exitError int

func (e exitError) Error() string { return "exit " + strconv.Itoa(int(e)) }

// aboutError is an error about one of several things, such as an id or a line.
type aboutError struct {
	what string
	err  error
}

func (e *aboutError) Error() string { return e.what + ": " + e.err.Error() }
func (e *aboutError) Unwrap() error { return e.err }

func about(what string, err error) error {
	if err == nil {
		return nil
	}
	return &aboutError{what, err}
}

// finish ends a run: it flushes the output, prints the error and returns the exit code. cmd is the command that
// failed.
func (a *app) finish(cmd *cobra.Command, err error) int {
	if flushed := a.out.Flush(); err == nil && flushed != nil {
		err = fmt.Errorf("cannot write the output: %w", flushed)
	}
	var said exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &said):
		return int(said)
	}
	// If no command of ours has begun, the error is cobra's, about the command line.
	if usage := usageError(""); !a.ran && !errors.As(err, &usage) {
		err = usageError(unknownCommand(err.Error()))
	}
	code := exitCode(err)
	text := message(err)
	if code == exitUsage {
		text += fmt.Sprintf(" (see %s --help)", cmd.CommandPath())
	}
	a.complain(text)
	if id := missing(err); id != "" && cmd.Name() != "explain" {
		a.hintMissing([]string{id})
	}
	return code
}

// missing returns the id in an error about a memory that does not exist, or "".
func missing(err error) string {
	var thing *aboutError
	var answer *client.Error
	if errors.As(err, &thing) && errors.As(err, &answer) && answer.Problem.Code == "not_found" {
		if id, err := sigil.ParseID(thing.what); err == nil {
			return id.String()
		}
	}
	return ""
}

// hintMissing prints how to find out what became of memories that do not exist.
func (a *app) hintMissing(all []string) {
	switch {
	case a.flags.quiet || len(all) == 0:
	case len(all) == 1:
		a.say("what became of it, and whether it can be restored: %s", a.command("explain", all[0]))
	default:
		a.say("what became of one of them, and whether it can be restored: %s", a.command("explain", "ID"))
	}
}

// command returns the command line of a verb for the same daemon and tenant. What the environment names is left out, since it is the
// same for the next command.
func (a *app) command(verb string, args ...string) string {
	words := []string{"sigil", verb}
	if a.flags.addr != "" {
		words = append(words, "--addr", a.flags.addr)
	}
	if a.flags.tenant != "" {
		words = append(words, "--tenant", a.flags.tenant)
	}
	return strings.Join(append(words, args...), " ")
}

// failures collects the errors of several things. Each is printed when it happens; the first decides the exit code.
type failures struct {
	a       *app
	first   error
	missing []string // the ids of memories that do not exist
}

func (f *failures) add(err error) {
	if err == nil {
		return
	}
	f.a.complain(message(err))
	if f.first == nil {
		f.first = err
	}
	if id := missing(err); id != "" {
		f.missing = append(f.missing, id)
	}
}

func (f *failures) exit() error {
	if f.first == nil {
		return nil
	}
	f.a.hintMissing(f.missing)
	return exitError(exitCode(f.first))
}

// complain prints one line of error.
func (a *app) complain(text string) { a.say("sigil: %s", text) }

// say prints one line to standard error, after the data that came before it.
func (a *app) say(format string, args ...any) {
	a.out.Flush() //nolint:errcheck // the writer keeps the error for finish
	fmt.Fprintln(a.stderr, escape(fmt.Sprintf(format, args...)))
}

// none prints to standard error that a list is empty, so that silence is not mistaken for a failure.
func (a *app) none(n int, what string) {
	if n == 0 && !a.flags.quiet {
		a.say("no %s", what)
	}
}

func exitCode(err error) int {
	var usage usageError
	var answer *client.Error
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, sigil.ErrNotFound), superseded(err):
		return exitNotFound
	case errors.Is(err, client.ErrUnreachable), errors.Is(err, client.ErrNotSigil):
		return exitUnreachable
	case errors.As(err, &answer):
		if s := answer.Problem.Status; s >= 400 && s < 500 {
			return exitRefused
		}
		return exitFailed
	case errors.Is(err, sigil.ErrInvalid), errors.Is(err, sigil.ErrTooLarge):
		return exitRefused
	}
	return exitFailed
}

// superseded reports whether a memory is not there since another has taken its place.
func superseded(err error) bool {
	_, by := client.SupersededBy(err)
	return by && errors.Is(err, sigil.ErrGone)
}

// message returns one line for people: what went wrong, in which field, and what to do if that is known.
func message(err error) string {
	var thing *aboutError
	var answer *client.Error
	var local *sigil.Error
	switch {
	case errors.As(err, &thing):
		return thing.what + ": " + message(thing.err)
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.Is(err, client.ErrUnreachable):
		return strings.TrimPrefix(err.Error(), client.ErrUnreachable.Error()+": ") + "; --addr or SIGIL_ADDR names another address"
	case errors.Is(err, client.ErrNotSigil):
		return err.Error() + "; --addr or SIGIL_ADDR names another address"
	case errors.As(err, &answer) && answer.Problem.Code != "":
		return explain(answer)
	case errors.As(err, &local):
		return join(local.Field, local.Detail)
	}
	return err.Error()
}

func explain(e *client.Error) string {
	p := &e.Problem
	field, detail := p.Field, p.Detail
	if errors.Is(e, sigil.ErrNotFound) || p.Code == "superseded" || p.Code == "not_removed" {
		field = "" // the detail is complete
	}
	if detail == "" {
		detail = p.Title + " (" + p.Code + ")"
	}
	text := join(field, detail)
	switch {
	case p.Code == "position_ahead" && p.Newest != nil:
		text += fmt.Sprintf(": sigil events --after %d, or all again: sigil events --after 0", *p.Newest)
	case p.Code == "position_gone":
		text += fmt.Sprintf(": sigil events --after %d", p.Oldest)
	case p.Code == "clock_held":
		text += ": sigil clock confirm"
	}
	if e.RetryAfter > 0 && p.Code != "clock_held" {
		text += fmt.Sprintf("; try again in %s", span(e.RetryAfter))
	}
	if p.Status >= 500 && p.RequestID != "" {
		text += fmt.Sprintf(" (request %s)", p.RequestID)
	}
	return text
}

func join(field, detail string) string {
	if field == "" {
		return detail
	}
	return field + ": " + detail
}

// unknownCommand puts cobra's message about an unknown command on a single line.
func unknownCommand(text string) string {
	text, likely, found := strings.Cut(text, "\n\nDid you mean this?\n\t")
	if found {
		text += "; did you mean " + strings.Join(strings.Fields(likely), " or ") + "?"
	}
	return text
}
