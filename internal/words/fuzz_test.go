package words_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/sigil-dna/sigil/internal/words"
)

// FuzzDocument has any bytes analyzed, as JSON and as a text: the analyzer never panics, and says the same again.
func FuzzDocument(f *testing.F) {
	for _, s := range shapes {
		f.Add([]byte(s), "en")
		f.Add([]byte(`{"a":["`+s+`"]}`), "de")
	}
	f.Add([]byte(`{"a":"\ud83d\ude00\ud83d\u00e9\`), "none")
	f.Fuzz(func(t *testing.T, data []byte, language string) {
		a, err := words.New(words.Settings{Language: language})
		if err != nil {
			a = analyzer(t, words.Settings{Exclude: []string{"/b"}})
		}
		quoted, err := json.Marshal(string(data))
		if err != nil {
			t.Fatal(err)
		}
		for _, memory := range [][]byte{data, quoted} {
			first := a.Document(memory, []string{string(data)}, nil)
			if again := a.Document(memory, []string{string(data)}, nil); !reflect.DeepEqual(first, again) {
				t.Errorf("%v, then %v", first, again)
			}
			for _, term := range first.Terms {
				if n := len(term.Text); n == 0 || n > words.MaxTermBytes+2 || term.Count < 1 {
					t.Errorf("a term is %+v", term)
				}
			}
		}
	})
}

// FuzzParse has any text read as a query: it never panics, errs for no more than the two reasons, and index and content agree.
func FuzzParse(f *testing.F) {
	a := analyzer(f, words.Settings{})
	for _, s := range shapes {
		f.Add(s+` -x "a b" c* /a:b tag:c`, s)
	}
	f.Fuzz(func(t *testing.T, query, memory string) {
		q, err := a.Parse(query)
		var tooLong *words.TooLongError
		if err != nil {
			if !errors.Is(err, words.ErrEmpty) && !errors.As(err, &tooLong) {
				t.Error(err)
			}
			return
		}
		data, err := json.Marshal([]string{memory, query})
		if err != nil {
			t.Fatal(err)
		}
		agree(t, a, q, data, []string{memory, query})
	})
}
