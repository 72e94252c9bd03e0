// Package client speaks to a sigil daemon (`sigil serve`) over HTTP: the verbs of the engine as methods, with the
// shapes of package wire as answers.
//
// It owns the requests, the reading of answers, and how failures look to a Go caller: an [*Error] if the daemon
// refused, [ErrUnreachable] if no answer came. It does not retry: to repeat an encode safely, give it an idempotency
// key.
//
// It knows neither the engine, nor stores, nor how a daemon is configured.
package client
