// Package draft reads what a request says about a memory to be encoded, for REST and for live connections. It knows the
// members and their JSON, and no rules: the engine judges what they mean.
package draft

import (
	"errors"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/canon"
)

// Reader reads drafts. Its fields are the engine's limits.
type Reader struct {
	Depth int // of data
	Tags  int // of one memory
}

// Read reads {data, state?, ttl?, pinned?, tags?}. Of body the draft refers to the data alone, of which the engine makes
// a copy. What data may be is for the engine to judge: here it is only known to be JSON.
func (r Reader) Read(body []byte) (sigil.Draft, error) { return r.read(body, false) }

// Item is like [Reader.Quick], for an item of a batch, which may also have an idempotencyKey.
func (r Reader) Item(body []byte) (sigil.Draft, error) {
	if data, ok := dataOnly(body); ok {
		return sigil.Draft{Data: data}, nil
	}
	return r.read(body, true)
}

func (r Reader) read(body []byte, inBatch bool) (d sigil.Draft, err error) {
	err = r.Object(body, func(name string, value []byte) (err error) {
		switch name {
		case "data":
			d.Data = value
		case "state":
			d.State, err = State(value)
		case "ttl":
			d.TTL, err = readTTL(value)
		case "pinned":
			d.Pinned, err = readBool("pinned", value)
		case "tags":
			d.Tags, err = r.readTags(value)
		case "idempotencyKey":
			if !inBatch {
				return UnknownField(name)
			}
			d.IdempotencyKey, err = Key(value)
		default:
			err = UnknownField(name)
		}
		return err
	})
	if err == nil && d.Data == nil {
		err = MissingField("data")
	}
	return d, err
}

// Quick is like [Reader.Read], but does not check the body of most requests. If the engine then refuses the draft, the
// caller asks [Reader.Blame] for the error.
func (r Reader) Quick(body []byte) (sigil.Draft, error) {
	if data, ok := dataOnly(body); ok {
		return sigil.Draft{Data: data}, nil
	}
	return r.Read(body)
}

// Blame returns what is wrong with a body whose draft the engine has refused with err: what is wrong with the body
// itself, if anything, comes first.
func (r Reader) Blame(body []byte, err error) error {
	if _, quick := dataOnly(body); quick && (errors.Is(err, sigil.ErrInvalid) || errors.Is(err, sigil.ErrTooLarge)) {
		if _, err := r.Read(body); err != nil {
			return err
		}
	}
	return err
}

// dataOnly returns the data of a body that is nothing but {"data":…}, as most are, if it is an object or an array.
// Whether it is JSON is left to the engine.
func dataOnly(body []byte) (data []byte, ok bool) { return canon.OnlyMember(body, "data") }

// Object reads one JSON object whose members are each as deep as data may be.
func (r Reader) Object(body []byte, take func(name string, value []byte) error) error {
	return canon.Members(body, r.Depth+1, take)
}
