// Package draft reads the part of a request that describes a memory to be encoded, for REST and for live
// connections. It knows the members and their JSON, and no rules: the engine judges their values.
package draft

import (
	"errors"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/canon"
)

// Reader reads drafts. Its fields are the engine's limits.
type Reader struct {
	Depth int // maximum depth of data
	Tags  int // maximum number of a memory's tags
}

// Read reads {data, state?, ttl?, life?, policy?, pinned?, tags?, vector?, onDuplicate?, similar?}. The draft refers to the data in body, of which the engine
// makes a copy; it refers to nothing else of body. Read only checks that data is JSON: the engine judges it.
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
			d.TTL, err = readTTL("ttl", value)
		case "life":
			d.Life, err = readTTL("life", value)
		case "policy":
			d.Policy, err = Policy(value)
		case "pinned":
			d.Pinned, err = readBool("pinned", value)
		case "tags":
			d.Tags, err = r.readTags(value)
		case "vector":
			d.Vector, err = Vector(value)
		case "onDuplicate":
			d.OnDuplicate, err = readOnDuplicate(value)
		case "similar":
			d.Similar, err = readSimilar(value)
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

// Quick is like [Reader.Read], but does not check the body of most requests. If the engine then refuses the
// draft, the caller gets the right error from [Reader.Blame].
func (r Reader) Quick(body []byte) (sigil.Draft, error) {
	if data, ok := dataOnly(body); ok {
		return sigil.Draft{Data: data}, nil
	}
	return r.Read(body)
}

// Blame returns the error for a body whose draft the engine refused with err. An error of the body itself, if
// there is one, takes precedence.
func (r Reader) Blame(body []byte, err error) error {
	if _, quick := dataOnly(body); quick && (errors.Is(err, sigil.ErrInvalid) || errors.Is(err, sigil.ErrTooLarge)) {
		if _, err := r.Read(body); err != nil {
			return err
		}
	}
	return err
}

// dataOnly returns the data of a body that has no other member, as most bodies, if it is an object or an
// array. It does not check that data is JSON: the engine does.
func dataOnly(body []byte) (data []byte, ok bool) { return canon.OnlyMember(body, "data") }

// Object reads one JSON object, whose members may each be as deep as data.
func (r Reader) Object(body []byte, take func(name string, value []byte) error) error {
	return canon.Members(body, r.Depth+1, take)
}
