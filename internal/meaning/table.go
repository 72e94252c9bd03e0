package meaning

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"errors"
	"slices"
)

// A table is bytes, all figures little-endian:
//
//	magic      8 bytes, "sigilwv" and the version of the format
//	count      uint32, how many words there are
//	dims       uint32, the length of a vector
//	checksum   16 bytes, the first of the SHA-256 of everything after them
//	buckets    65,537 times uint32: where the entries of each bucket begin, and where the last ones end
//	entries    count times 8 bytes: a fingerprint and a row, both uint32, by bucket and fingerprint
//	rows       count times 4+dims bytes: a factor, int32, and the word's vector, a signed byte a dimension
//
// Rows are in the order in which words are frequent, so that text reads from few pages. The words themselves are not in
// it: a word that has no row is taken for another with a probability of about one in four billion.
const (
	tableMagic   = "sigilwv\x01"
	tableHeader  = len(tableMagic) + 8 + checksumLen
	checksumLen  = 16
	bucketCount  = 1 << 16
	bucketsLen   = 4 * (bucketCount + 1)
	entryLen     = 8
	factorLen    = 4
	maxTableDims = 4096
)

//go:embed words.bin
var builtIn []byte

// Table has the vectors of words. Nothing of it is copied or made when it is opened.
type Table struct {
	count, dims            int
	buckets, entries, rows []byte
}

// TableWord is a word of a table.
type TableWord struct {
	Text string
	// Factor is what the vector is multiplied by when texts are summed up: the word's weight times its vector's scale.
	Factor int32
	Vector Vector
}

// BuiltIn returns the table that is part of the program.
func BuiltIn() *Table {
	t, err := OpenTable(builtIn)
	if err != nil {
		panic("meaning: the built-in table: " + err.Error()) // the tests open it
	}
	return t
}

// OpenTable returns the table in data, which it keeps and which must not change. It checks the sizes of its parts, but
// reads neither checksum nor words, so that it costs nothing; Check does.
func OpenTable(data []byte) (*Table, error) {
	if len(data) < tableHeader || string(data[:len(tableMagic)]) != tableMagic {
		return nil, errors.New("this is no table of word vectors that this version reads")
	}
	t := &Table{
		count: int(binary.LittleEndian.Uint32(data[len(tableMagic):])),
		dims:  int(binary.LittleEndian.Uint32(data[len(tableMagic)+4:])),
	}
	if t.dims == 0 || t.dims > maxTableDims || len(data) != tableHeader+bucketsLen+t.count*(entryLen+factorLen+t.dims) {
		return nil, errors.New("the table of word vectors has another length than its first bytes say")
	}
	data = data[tableHeader:]
	t.buckets, data = data[:bucketsLen], data[bucketsLen:]
	t.entries, t.rows = data[:t.count*entryLen], data[t.count*entryLen:]
	return t, nil
}

// CheckTable reads all of a table and returns an error if its checksum or an entry is wrong.
func CheckTable(data []byte) error {
	t, err := OpenTable(data)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(data[tableHeader:])
	if !bytes.Equal(sum[:checksumLen], data[tableHeader-checksumLen:tableHeader]) {
		return errors.New("the table of word vectors has another checksum")
	}
	at := uint32(0)
	for b := range bucketCount + 1 {
		next := binary.LittleEndian.Uint32(t.buckets[4*b:])
		if next < at || int(next) > t.count || b == 0 && next != 0 || b == bucketCount && int(next) != t.count {
			return errors.New("a bucket of the table of word vectors is out of order")
		}
		at = next
	}
	seen := make([]bool, t.count)
	for i := range t.count {
		row := int(binary.LittleEndian.Uint32(t.entries[entryLen*i+4:]))
		if row >= t.count || seen[row] {
			return errors.New("two words of the table of word vectors have the same row")
		}
		seen[row] = true
	}
	return nil
}

// Dims returns the length of the table's vectors.
func (t *Table) Dims() int { return t.dims }

// Len returns how many words the table has.
func (t *Table) Len() int { return t.count }

// AppendTable appends a table of these words, the most frequent first. All their vectors must have the same length, and
// no two words the same hash.
func AppendTable(to []byte, words []TableWord) ([]byte, error) {
	if len(words) == 0 {
		return nil, errors.New("a table needs words")
	}
	dims := len(words[0].Vector)
	type entry struct {
		hash uint64
		row  uint32
	}
	entries := make([]entry, len(words))
	for i, w := range words {
		if len(w.Vector) != dims {
			return nil, errors.New("all vectors of a table must have the same length")
		}
		entries[i] = entry{hashOf(w.Text), uint32(i)}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(bucketOf(a.hash), bucketOf(b.hash)), cmp.Compare(uint32(a.hash), uint32(b.hash)))
	})
	body := make([]byte, 0, bucketsLen+len(words)*(entryLen+factorLen+dims))
	at := 0
	for b := range bucketCount + 1 {
		for at < len(entries) && bucketOf(entries[at].hash) < b {
			at++
		}
		body = binary.LittleEndian.AppendUint32(body, uint32(at))
	}
	for i, e := range entries {
		if i > 0 && bucketOf(entries[i-1].hash) == bucketOf(e.hash) && uint32(entries[i-1].hash) == uint32(e.hash) {
			return nil, errors.New("two words of a table have the same hash")
		}
		body = binary.LittleEndian.AppendUint32(body, uint32(e.hash))
		body = binary.LittleEndian.AppendUint32(body, e.row)
	}
	for _, w := range words {
		body = binary.LittleEndian.AppendUint32(body, uint32(w.Factor))
		for _, x := range w.Vector {
			body = append(body, byte(x))
		}
	}
	to = append(to, tableMagic...)
	to = binary.LittleEndian.AppendUint32(to, uint32(len(words)))
	to = binary.LittleEndian.AppendUint32(to, uint32(dims))
	sum := sha256.Sum256(body)
	to = append(to, sum[:checksumLen]...)
	return append(to, body...), nil
}

// row returns the row of the word with that hash, or -1.
func (t *Table) row(hash uint64) int {
	b := 4 * bucketOf(hash)
	from, to := binary.LittleEndian.Uint32(t.buckets[b:]), binary.LittleEndian.Uint32(t.buckets[b+4:])
	entries := t.entries[entryLen*from : entryLen*to]
	for ; len(entries) >= entryLen; entries = entries[entryLen:] {
		if binary.LittleEndian.Uint32(entries) == uint32(hash) {
			return int(binary.LittleEndian.Uint32(entries[4:]))
		}
	}
	return -1
}

// at returns a row's factor and its vector, as bytes.
func (t *Table) at(row int) (factor int64, vector []byte) {
	r := t.rows[row*(factorLen+t.dims):][:factorLen+t.dims]
	return int64(int32(binary.LittleEndian.Uint32(r))), r[factorLen:]
}

// Word returns the vector of one word in lower case, or nil if the table does not have it.
func (t *Table) Word(word string) Vector {
	row := t.row(hashOf(word))
	if row < 0 {
		return nil
	}
	_, codes := t.at(row)
	v := make(Vector, len(codes))
	for i, c := range codes {
		v[i] = int8(c)
	}
	return v
}

// The hash of a word is FNV-1a of its bytes, mixed so that all its bits depend on all of them.
const (
	hashStart = 14695981039346656037
	hashPrime = 1099511628211
)

func hashOf(word string) uint64 {
	h := uint64(hashStart)
	for i := range len(word) {
		h = (h ^ uint64(word[i])) * hashPrime
	}
	return mixed(h)
}

// mixed is the last step of MurmurHash3.
func mixed(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// bucketOf returns the bucket of a hash, from bits that its fingerprint does not have.
func bucketOf(hash uint64) int { return int(hash >> 48) }
