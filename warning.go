package sigil

// Warning is about a request that was carried out, but probably meant something else.
type Warning struct {
	Code   string `json:"code"`
	Field  string `json:"field"` // of the request
	Detail string `json:"detail"`
}

// WarnTTLOverLife is the code of a [Warning] about a ttl that ends after the memory has faded, if nobody
// touches it.
const WarnTTLOverLife = "ttl_over_life"
