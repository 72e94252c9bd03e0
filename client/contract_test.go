package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
)

// TestContract runs the contract that all clients pass (clients/contract), over both stores.
func TestContract(t *testing.T) {
	for name, args := range map[string]func(*testing.T) []string{
		"embedded": func(*testing.T) []string { return nil },
		"PostgreSQL": func(t *testing.T) []string {
			return []string{"--store=" + pgtest.Start(t, pgtest.Fast).URL("postgres")}
		},
	} {
		t.Run(name, func(t *testing.T) {
			addr := liveDaemon(t, args(t)...)
			for _, file := range []string{"memories", "live", "erase"} {
				t.Run(file, func(t *testing.T) {
					c := newClient(t, addr, &client.Options{Tenant: file})
					r := runner{client: c, live: c.Live(), saved: map[string]any{}}
					defer r.live.Close()
					for _, s := range contract[step](t, file) {
						if err := r.run(t.Context(), s); err != nil {
							t.Fatalf("%s: %v", s.Name, err)
						}
					}
				})
			}
		})
	}
}

func TestContractOfWebhooks(t *testing.T) {
	type signed struct {
		Name, Secret, Signature, Body string
		Now, Tolerance                int64
		Valid                         bool
	}
	for _, s := range contract[signed](t, "webhook") {
		err := client.VerifyWebhook([]byte(s.Secret), s.Signature, []byte(s.Body), time.Unix(s.Now, 0), time.Duration(s.Tolerance)*time.Second)
		if (err == nil) != s.Valid {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}

// liveDaemon starts a daemon on a free port and returns its address.
func liveDaemon(t *testing.T, args ...string) string {
	t.Helper()
	l, err := daemon.Load(append([]string{"--addr=127.0.0.1:0", "--data=" + t.TempDir()}, args...), nil)
	if err != nil {
		t.Fatal(err)
	}
	d := daemon.New(l.Config, nil)
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return d.Addr()
}

// step is one call of the contract.
type step struct {
	Name, Call string
	Args       any
	Expect     any
	Error      map[string]any
	Save       map[string]string
}

// contract reads a file of the contract.
func contract[T any](t *testing.T, file string) (list []T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "clients", "contract", file+".json"))
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	if err := dec.Decode(&list); err != nil {
		t.Fatal(err)
	}
	return list
}

// runner runs the steps of one file.
type runner struct {
	client *client.Client
	live   *client.Live
	saved  map[string]any
}

func (r *runner) run(ctx context.Context, s step) error {
	args, err := json.Marshal(r.filled(s.Args))
	if err != nil {
		return err
	}
	answer, err := r.call(ctx, s.Call, args)
	if s.Error != nil {
		if err == nil {
			return fmt.Errorf("it succeeded: %+v", answer)
		}
		return errors.Join(r.compare("error", s.Error, members(err)), nilOr(len(s.Save) > 0, "it saves of an error"))
	}
	if err != nil {
		return err
	}
	got := plain(answer)
	if err := r.compare("answer", s.Expect, got); err != nil {
		return err
	}
	for name, path := range s.Save {
		if r.saved[name], err = at(got, path); err != nil {
			return err
		}
	}
	return nil
}

func nilOr(wrong bool, text string) error {
	if wrong {
		return errors.New(text)
	}
	return nil
}

// filled returns v with what was saved in the place of its names.
func (r *runner) filled(v any) any {
	switch v := v.(type) {
	case map[string]any:
		whole := map[string]any{}
		for name, member := range v {
			whole[name] = r.filled(member)
		}
		return whole
	case []any:
		whole := make([]any, len(v))
		for i, item := range v {
			whole[i] = r.filled(item)
		}
		return whole
	case string:
		if name, found := strings.CutPrefix(v, "@"); found {
			return r.saved[name]
		}
	}
	return v
}

// compare returns an error unless got is what is expected, by the rules of the contract.
func (r *runner) compare(where string, expected, got any) error {
	switch want := expected.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is %v, not an object", where, got)
		}
		for name, member := range want {
			if err := r.compare(where+"."+name, member, object[name]); err != nil {
				return err
			}
		}
		return nil
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return fmt.Errorf("%s is %v, not a list of %d", where, got, len(want))
		}
		for i, item := range want {
			if err := r.compare(where+"."+strconv.Itoa(i), item, list[i]); err != nil {
				return err
			}
		}
		return nil
	case json.Number:
		a, _ := new(big.Rat).SetString(want.String())
		number, _ := got.(json.Number)
		if b, ok := new(big.Rat).SetString(number.String()); ok && a.Cmp(b) == 0 {
			return nil
		}
	case string:
		if name, saved := strings.CutPrefix(want, "@"); saved {
			return r.compare(where, r.saved[name], got)
		}
		if isKind(want, got) {
			return nil
		}
	default:
		if want == got {
			return nil
		}
	}
	return fmt.Errorf("%s is %v, not %v", where, got, expected)
}

// isKind reports whether got is text, or what a name like $id stands for.
func isKind(want string, got any) bool {
	text, isText := got.(string)
	switch want {
	case "$id":
		return isText && new(sigil.ID).UnmarshalText([]byte(text)) == nil
	case "$time":
		_, err := time.Parse(time.RFC3339, text)
		return err == nil
	case "$number":
		_, ok := got.(json.Number)
		return ok
	case "$string":
		return text != ""
	}
	return isText && text == want
}

// plain returns v encoded as JSON and decoded again.
func plain(v any) (value any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&value); err != nil {
		panic(err)
	}
	return value
}

// at returns what is at a path such as 0.memory.id.
func at(v any, path string) (any, error) {
	for name := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(in) {
				return nil, fmt.Errorf("nothing is at %s", path)
			}
			v = in[i]
		}
	}
	if v == nil {
		return nil, fmt.Errorf("nothing is at %s", path)
	}
	return v, nil
}

// members returns what the contract compares of an error.
func members(err error) map[string]any {
	var e *client.Error
	if !errors.As(err, &e) {
		return map[string]any{"detail": err.Error()}
	}
	all, _ := plain(e.Problem).(map[string]any)
	kinds := []struct {
		err  error
		name string
	}{
		{sigil.ErrInvalid, "invalid"},
		{sigil.ErrNotFound, "not_found"},
		{sigil.ErrConflict, "conflict"},
		{sigil.ErrGone, "gone"},
		{sigil.ErrTooLarge, "too_large"},
		{sigil.ErrFull, "full"},
		{sigil.ErrUnavailable, "unavailable"},
		{sigil.ErrInternal, "internal"},
	}
	if i := slices.IndexFunc(kinds, func(k struct {
		err  error
		name string
	},
	) bool {
		return errors.Is(err, k.err)
	}); i >= 0 {
		all["kind"] = kinds[i].name
	}
	return all
}
