package storetest

import (
	"context"
	"fmt"
	"reflect"
)

// TB is the part of testing.TB that this package needs, so that a property test can pass its own.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
}

// equal asserts that got is want, to the bit. Nil and empty lists and maps are equal.
func equal[T any](t TB, what string, got, want T) {
	t.Helper()
	if at := difference("", reflect.ValueOf(&got).Elem(), reflect.ValueOf(&want).Elem()); at != "" {
		t.Errorf("%s%s", what, at)
	}
}

// difference returns the first path at which got differs from want, or "" if they are equal. A memory has too
// many fields to print twice.
func difference(path string, got, want reflect.Value) string {
	switch kind := got.Kind(); {
	case kind == reflect.Struct && got.NumField() > 0 && got.Type().Field(0).IsExported():
		for i := range got.NumField() {
			if at := difference(path+"."+got.Type().Field(i).Name, got.Field(i), want.Field(i)); at != "" {
				return at
			}
		}
		return ""
	case kind == reflect.Interface && !got.IsNil() && !want.IsNil() && got.Elem().Type() == want.Elem().Type():
		return difference(path, got.Elem(), want.Elem())
	case kind == reflect.Pointer && !got.IsNil() && !want.IsNil():
		return difference(path, got.Elem(), want.Elem())
	case kind == reflect.Slice && got.Type().Elem().Kind() != reflect.Uint8:
		for i := range min(got.Len(), want.Len()) {
			if at := difference(fmt.Sprintf("%s[%d]", path, i), got.Index(i), want.Index(i)); at != "" {
				return at
			}
		}
		if got.Len() != want.Len() {
			return fmt.Sprintf("%s: got %d, want %d of them", path, got.Len(), want.Len())
		}
		return ""
	case (kind == reflect.Slice || kind == reflect.Map) && got.Len() == 0 && want.Len() == 0:
		return ""
	case reflect.DeepEqual(got.Interface(), want.Interface()):
		return ""
	}
	verb := "%v"
	if got.Kind() == reflect.Slice || got.Kind() == reflect.Map { // bytes, or a map of them
		verb = "%q"
	}
	return fmt.Sprintf("%s: got "+verb+", want "+verb, path, got, want)
}

// Equal asserts that got is want, to the bit, and reports the first difference. Nil and empty lists and maps
// are equal.
func Equal[T any](t TB, what string, got, want T) {
	t.Helper()
	equal(t, what, got, want)
}
