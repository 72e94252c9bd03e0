package mcp

import (
	"encoding"
	"encoding/json"
	"reflect"
	"testing"
)

// TestAnswersFit checks that no answer has a type that the library changes, or refuses after the work is done.
func TestAnswersFit(t *testing.T) {
	for _, answer := range []any{rememberOutput{}, searchOutput{}, forgetOutput{}, keepOutput{}, explainOutput{}, fadesOutput{}, stats{}, listOutput{}, restoreOutput{}, removedOutput{}} {
		fits(t, reflect.TypeOf(answer), reflect.TypeOf(answer).Name())
	}
}

func fits(t *testing.T, of reflect.Type, name string) {
	t.Helper()
	for _, marshals := range []reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()} {
		if of.Implements(marshals) || reflect.PointerTo(of).Implements(marshals) {
			t.Errorf("%s has a JSON of its own", name)
		}
	}
	switch of.Kind() {
	case reflect.String, reflect.Bool, reflect.Float64:
	case reflect.Int: // only counts that stay small
	case reflect.Slice:
		fits(t, of.Elem(), name)
		if of.Elem().Kind() == reflect.Uint8 {
			t.Errorf("%s is bytes", name)
		}
	case reflect.Struct:
		for i := range of.NumField() {
			fits(t, of.Field(i).Type, name+"."+of.Field(i).Name)
		}
	default:
		t.Errorf("%s is %s", name, of)
	}
}
