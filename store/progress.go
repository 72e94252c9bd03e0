package store

import "context"

type progressKey struct{}

// WithProgress returns a context that has a call which may take long, such as an [Eraser]'s, say what it has done: report is called
// from the call's goroutine, with a few words without content, and must return soon.
func WithProgress(ctx context.Context, report func(done string)) context.Context {
	return context.WithValue(ctx, progressKey{}, report)
}

// Progress reports what is done to the caller that has made ctx by [WithProgress]. With another, it does nothing.
func Progress(ctx context.Context, done string) {
	if report, ok := ctx.Value(progressKey{}).(func(string)); ok {
		report(done)
	}
}
