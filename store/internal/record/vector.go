package record

import "github.com/sigil-dna/sigil/store"

// AppendVector appends a vector that a caller gave: a byte for each dimension.
func AppendVector(b []byte, v store.Vector) []byte {
	for _, x := range v {
		b = append(b, byte(x))
	}
	return b
}

// Vector decodes the output of AppendVector. It returns [ErrDamaged] for what is no vector in compact form.
func Vector(b []byte) (store.Vector, error) {
	v := make(store.Vector, len(b))
	compact := false
	for i, x := range b {
		v[i] = int8(x)
		if v[i] == -128 {
			return nil, ErrDamaged
		}
		compact = compact || v[i] == 127 || v[i] == -127
	}
	if !compact || len(v) > store.MaxDimensions {
		return nil, ErrDamaged
	}
	return v, nil
}
