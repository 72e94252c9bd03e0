package meaning

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNearWordsAreNear(t *testing.T) {
	table := BuiltIn()
	for _, words := range [][3]string{ // the first is nearer to the second than to the third
		{"king", "queen", "carrot"},
		{"doctor", "hospital", "violin"},
		{"paris", "france", "banana"},
		{"dog", "puppy", "algebra"},
		{"car", "truck", "poetry"},
		{"happy", "glad", "concrete"},
		{"python", "javascript", "wedding"},
		{"swim", "swimming", "invoice"},
		{"tea", "coffee", "engine"},
	} {
		a, b, c := table.Word(words[0]), table.Word(words[1]), table.Word(words[2])
		if a == nil || b == nil || c == nil {
			t.Errorf("%v: the table lacks one of them", words)
			continue
		}
		if near, far := Cosine(a, b), Cosine(a, c); near < far+0.2 {
			t.Errorf("%s is as %.2f to %s and as %.2f to %s", words[0], near, words[1], far, words[2])
		}
	}
}

func TestTextsWithoutACommonWordAreNear(t *testing.T) {
	table := BuiltIn()
	question := table.Embed("Which physician treats my kid?")
	near := table.Embed("Dr. Meyer is the pediatrician of our daughter, she sees children on Mondays")
	far := table.Embed("The train to the airport leaves at noon from platform nine")
	if a, b := Cosine(question, near), Cosine(question, far); a < b+0.1 {
		t.Errorf("the cosine is %.2f with the answer and %.2f with something else", a, b)
	}
}

func TestEmbedOfUnknownWordsIsNil(t *testing.T) {
	table := BuiltIn()
	for _, text := range []string{"", " \n", "?!", "qqxzjvvk", "茶を五時に", "12345 678", "don't won't", "\xff\xfe", "'''"} {
		if v := table.Embed(text); v != nil {
			t.Errorf("Embed(%q) = %v, want nil", text, v)
		}
	}
	if v := table.Embed(); v != nil {
		t.Errorf("Embed() = %v, want nil", v)
	}
}

func TestEmbedReadsWords(t *testing.T) {
	table := BuiltIn()
	for _, same := range [][]string{
		{"coffee machine", "Coffee, MACHINE!", "machine coffee", "coffee-machine", "coffee_machine", "coffeeMachine", "COFFEE/machine", "coffee  the machine qqxzjvvk"},
		{"caroline dog", "Caroline's dog", "caroline’s dog", "'Caroline' dog", "Caroline’s dog’", "'don't' caroline 'dog, don't'"},
		{"cafe", "café", "CAFÉ", "cafe\u0301"},
		{"machine 42", "machine42", "machine"},
	} {
		want := table.Embed(same[0])
		if want == nil {
			t.Errorf("Embed(%q) is nil", same[0])
		}
		for _, text := range same[1:] {
			if c := Cosine(want, table.Embed(text)); c < 0.98 {
				t.Errorf("the cosine of %q and %q is %.3f", same[0], text, c)
			}
		}
	}
	if a, b := table.Embed("tea", "milk"), table.Embed("tea milk"); !slices.Equal(a, b) {
		t.Error("two texts are not like one that has both")
	}
}

// TestRareWordsCountMore: of a common and a rare word, the text is nearer to the rare one.
func TestRareWordsCountMore(t *testing.T) {
	table := BuiltIn()
	text := table.Embed("the people said glacier")
	if rare, common := Cosine(text, table.Word("glacier")), Cosine(text, table.Word("said")); rare < common+0.2 {
		t.Errorf("the cosine is %.2f with the rare word and %.2f with a common one", rare, common)
	}
}

// TestEmbedIsTheSame: vectors that are kept were made by any version and on any machine, so they change only
// with the table, and then its version must.
func TestEmbedIsTheSame(t *testing.T) {
	v := BuiltIn().Embed("We met at the lake in June and talked about her new bakery.")
	want := Vector{61, -86, -28, 103, -25, -22, 81, 75, 13, -83, -25, -8, 29, 9, -7, -20}
	if !slices.Equal(v[:16], want) {
		t.Errorf("the vector begins with %v, not with %v", v[:16], want)
	}
}

func TestEmbedOfALongText(t *testing.T) {
	table := BuiltIn()
	long := strings.Repeat("glacier ", MaxTextBytes/8)
	if !slices.Equal(table.Embed(long), table.Embed(long+"coffee")) {
		t.Error("words after the longest text count")
	}
	if c := Cosine(table.Embed(long), table.Word("glacier")); c < 0.99 {
		t.Errorf("the cosine of a word with many of it is %v", c)
	}
}

func FuzzEmbed(f *testing.F) {
	for _, text := range []string{"", "tea at five", "Caroline's café", "snake_case camelCase v1.2.3 C++", "\xff\xfe'", "’’a’’", "don't", "日本語 text", strings.Repeat("a1", 300)} {
		f.Add(text)
	}
	table := BuiltIn()
	f.Fuzz(func(t *testing.T, text string) {
		v := table.Embed(text)
		if v != nil && (len(v) != table.Dims() || dot(v, v) == 0) {
			t.Errorf("a vector of %d figures, %v", len(v), v)
		}
		if !slices.Equal(v, table.Embed(text)) {
			t.Error("another vector at the second time")
		}
		// Space around a text changes nothing.
		if len(text) < MaxTextBytes-2 && !slices.Equal(v, table.Embed(" "+text+"\n")) {
			t.Error("another vector with space around")
		}
		if utf8.ValidString(text) && len(text) < MaxTextBytes && !slices.Equal(v, table.Embed(text, "")) {
			t.Error("another vector with an empty text after it")
		}
	})
}

func BenchmarkEmbed(b *testing.B) {
	table := BuiltIn()
	text := "Yesterday my sister and I visited the old lighthouse near the harbor. She told me about her new job as a nurse at " +
		"the children's hospital, and that she wants to learn pottery this winter. We had fish soup in a small restaurant, " +
		"and I promised to send her the photographs of our grandmother that I found in the attic last week."
	if n := len(strings.Fields(text)); n < 58 || n > 62 {
		b.Fatalf("the text has %d words", n)
	}
	b.ReportAllocs()
	for b.Loop() {
		table.Embed(text)
	}
}
