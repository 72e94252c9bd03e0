package cli_test

import (
	"strings"
	"testing"
)

// TestPolicy sets, shows and unsets the policy of a tenant.
func TestPolicy(t *testing.T) {
	c := newCommand(t, nil, nil)
	says := func(args []string, want ...string) {
		t.Helper()
		code, out, words := c.in("", args...)
		if code != 0 {
			t.Errorf("%v: exit %d, %q", args, code, words)
		}
		for _, one := range want {
			if !strings.Contains(out, one) {
				t.Errorf("%v: %q has no %q", args, out, one)
			}
		}
	}
	c.in("", "encode", "1")
	says([]string{"policy"}, "the daemon's")
	says([]string{"policy", "set", "halflife h=30d", "--dry-run"}, "halflife h=30d threshold=0.95, of public", "1, of which 1 would get the policy", "0 at once, 0 within a day, 0 within a week", "nothing was changed")
	says([]string{"policy", "get"}, "the daemon's")
	says([]string{"policy", "set", "halflife h=30d"}, "halflife h=30d threshold=0.95, of public", "restamping")
	says([]string{"policy", "get"}, "halflife h=30d threshold=0.95, of public")
	says([]string{"policy", "--json"}, `"own":true`)
	says([]string{"events"}, "policy")
	says([]string{"encode", "--policy", "halflife h=60d", "--json", "2"}, `"policy":"halflife h=60d threshold=0.95"`)
	if code, _, words := c.in("", "encode", "--policy", "never", "2"); code != 2 || !strings.Contains(words, "--policy") {
		t.Errorf("encode under a policy that is none: exit %d, %q", code, words)
	}
	says([]string{"policy", "unset"}, "the daemon's")
	for _, args := range [][]string{{"policy", "drop"}, {"policy", "set"}, {"policy", "set", "a", "b"}} {
		if code, _, words := c.in("", args...); code != 2 {
			t.Errorf("%v: exit %d, %q", args, code, words)
		}
	}
	if code, _, words := c.in("", "policy", "set", "halflife x=1"); code == 0 || !strings.Contains(words, "halflife has h") {
		t.Errorf("a policy that is none: exit %d, %q", code, words)
	}
}
