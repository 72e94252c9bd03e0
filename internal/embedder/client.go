// Package embedder has an endpoint make vectors of texts: one that answers POST /v1/embeddings as OpenAI does, such as
// Ollama, the server of llama.cpp, and vLLM. It owns the requests, how they are batched, when a failed one is repeated, and
// the queue of what waits for a vector.
//
// It knows neither stores nor where its settings come from: a [Worker] reads texts from a [Source] and hands it vectors.
package embedder

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/internal/outbound"
)

// MaxDims is the greatest length of a vector.
const MaxDims = 4096

const (
	// maxTexts and maxBatchBytes bound one request, and maxTextBytes a text. Only the beginning of a longer text is sent: models
	// read some thousand bytes at most.
	maxTexts      = 64
	maxBatchBytes = 128 << 10
	maxTextBytes  = 8 << 10
	// answerBytes is how much is read of an answer, for each text: MaxDims numbers, and room for what surrounds them.
	answerBytes = 32*MaxDims + 1<<10
)

// Endpoint is where vectors come from. URL and Model must be set.
type Endpoint struct {
	// URL is an http:// or https:// URL. If its path does not end with /embeddings, that is added, and /v1 before it if the
	// path does not end with that.
	URL string
	// Model is the name of the model that makes the vectors.
	Model string
	// Key, if not empty, authenticates the requests: "Authorization: Bearer" and the key.
	Key string
	// Version is the sender's version, for the User-Agent header.
	Version string

	transport http.RoundTripper // nil means the network; tests set it
}

// CheckURL returns why a URL cannot be that of an endpoint, or "". It does not repeat the URL, which may contain a password.
func CheckURL(endpoint string) string {
	switch u, err := url.Parse(endpoint); {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return "is not an http:// or https:// URL"
	case u.User != nil:
		return "must not have a user or password: the key authenticates"
	case u.Fragment != "":
		return "must not have a fragment: it would not be sent"
	}
	return ""
}

// address returns the URL that requests go to.
func (e *Endpoint) address() (string, error) {
	if why := CheckURL(e.URL); why != "" {
		return "", errors.New("the endpoint's URL " + why)
	}
	u, err := url.Parse(e.URL)
	if err != nil {
		return "", outbound.WithoutURL(err)
	}
	path := strings.TrimRight(u.Path, "/")
	switch {
	case strings.HasSuffix(path, "/embeddings"):
	case strings.HasSuffix(path, "/v1"):
		path += "/embeddings"
	default:
		path += "/v1/embeddings"
	}
	u.Path, u.RawPath = path, ""
	return u.String(), nil
}

// client sends requests to an endpoint.
type client struct {
	url, model, key, version string
	attempt                  time.Duration // maximum time of one request
	http                     *http.Client
}

func newClient(e *Endpoint, attempt time.Duration) (*client, error) {
	address, err := e.address()
	if err != nil {
		return nil, err
	}
	transport := e.transport
	if transport == nil {
		transport = &http.Transport{ // without a proxy, even if the environment names one
			DialContext:     (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			MaxIdleConns:    4,
			IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 5 * time.Second, ForceAttemptHTTP2: true,
		}
	}
	return &client{
		url: address, model: e.Model, key: e.Key, version: e.Version, attempt: attempt,
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// request is the body of a request. It has no "dimensions": vLLM refuses them for most models, and llama.cpp ignores them. It
// names the format, although all have it as their default: proxies exist that need it.
type request struct {
	Model  string   `json:"model"`
	Input  []string `json:"input"`
	Format string   `json:"encoding_format"`
}

// failure is an answer with an error status. It has nothing of the answer's body, which may repeat texts.
type failure struct {
	status int
	after  time.Duration // how long the endpoint asks to wait, or 0
}

func (f *failure) Error() string {
	hint := ""
	switch f.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		hint = ": is the key right?"
	case http.StatusNotFound:
		hint = ": is the URL right, and does it have the model?"
	case http.StatusNotImplemented:
		hint = ": does it make embeddings?"
	}
	return fmt.Sprintf("the endpoint answered with status %d%s", f.status, hint)
}

// refused reports whether texts may be the reason for a failure: Ollama and vLLM answer 400 to a text that is too long,
// llama.cpp 500, and all of them to the whole batch.
func refused(err error) bool {
	f, ok := err.(*failure) //nolint:errorlint // a probe that fails is wrapped, and is no refusal
	if !ok {
		return false
	}
	switch f.status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusInternalServerError:
		return true
	}
	return false
}

// embed makes one request for the vectors of texts, of which none may be empty. The vectors are in the order of the
// texts and of the same length; one that is zero is nil.
func (c *client) embed(ctx context.Context, texts []string) ([]meaning.Vector, int, error) {
	body, err := json.Marshal(request{c.model, texts, "float"})
	if err != nil {
		return nil, 0, err
	}
	bounded, cancel := context.WithTimeout(ctx, c.attempt)
	defer cancel()
	r, err := http.NewRequestWithContext(bounded, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, 0, outbound.WithoutURL(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "sigil/"+c.version)
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	w, err := c.http.Do(r)
	if err != nil {
		return nil, 0, outbound.WithoutURL(err)
	}
	defer w.Body.Close()
	if w.StatusCode != http.StatusOK {
		_, _ = io.Copy(io.Discard, io.LimitReader(w.Body, answerBytes)) // so that the connection can be reused
		return nil, 0, &failure{w.StatusCode, outbound.RetryAfter(w.Header.Get("Retry-After"), time.Now())}
	}
	answer, err := io.ReadAll(io.LimitReader(w.Body, int64(len(texts)+1)*answerBytes))
	if err != nil {
		return nil, 0, outbound.WithoutURL(err)
	}
	return read(answer, len(texts))
}

// answer is the body of an answer, as far as it is read.
type answer struct {
	Data []struct {
		Index     *int      `json:"index"`
		Embedding []float32 `json:"embedding"`
	} `json:"data"`
}

// Errors of answers that are not what was asked for. They have nothing of the answer.
var (
	errNoAnswer = errors.New("the endpoint's answer is not the JSON of embeddings")
	errNumber   = errors.New("the endpoint answered with another number of vectors than it was sent texts")
	errIndexes  = errors.New("the indexes in the endpoint's answer are not those of the texts")
	errLengths  = fmt.Errorf("the endpoint answered with vectors of different lengths, of length 0 or of more than %d", MaxDims)
)

// read returns the vectors of an answer to n texts, and their length. An endpoint may answer in any order, since each
// vector has its text's index. If none has one, their order is that of the texts.
func read(body []byte, n int) ([]meaning.Vector, int, error) {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil || a.Data == nil {
		return nil, 0, errNoAnswer
	}
	if len(a.Data) != n {
		return nil, 0, errNumber
	}
	vectors, seen := make([]meaning.Vector, n), make([]bool, n)
	dims := len(a.Data[0].Embedding)
	for i := range a.Data {
		one := &a.Data[i]
		if len(one.Embedding) != dims || dims == 0 || dims > MaxDims {
			return nil, 0, errLengths
		}
		at := i
		if (one.Index == nil) != (a.Data[0].Index == nil) {
			return nil, 0, errIndexes
		}
		if one.Index != nil {
			at = *one.Index
		}
		if at < 0 || at >= n || seen[at] {
			return nil, 0, errIndexes
		}
		seen[at], vectors[at] = true, meaning.Compact(one.Embedding)
	}
	return vectors, dims, nil
}
