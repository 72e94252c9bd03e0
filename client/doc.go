// Package client speaks to a sigil daemon (`sigil serve`) over HTTP: the verbs of the engine as
// methods, with the shapes of package wire as answers.
//
// It owns the requests, the reading of answers, and how failures look to a Go caller: one
// [*Error] for what the daemon refused, [ErrUnreachable] where no answer came. It does not retry:
// whoever wants to repeat an encode safely gives it an idempotency key.
//
// It does not know the engine, stores or how a daemon is configured.
package client
