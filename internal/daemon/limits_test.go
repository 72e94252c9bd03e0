package daemon_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil/store/storetest"
)

// TestLimitsOfContent has each limit of what a memory holds refuse by its own code.
func TestLimitsOfContent(t *testing.T) {
	_, key := codeKey(t, "")
	d := start(t, config(t, "--max-data=64", "--max-depth=2", "--max-state=64", "--max-tags=1", "--max-signatures=1", "--code-key="+key), on(storetest.NewModel()))
	for _, tt := range []struct {
		path, body, code string
		status           int
	}{
		{"/v1/sigils", `{"data":[1],"tags":["a"],"state":{"mood":"calm"}}`, "", http.StatusCreated},
		{"/v1/sigils", `{"data":"` + strings.Repeat("a", 64) + `"}`, "data_too_large", http.StatusRequestEntityTooLarge},
		{"/v1/sigils", `{"data":[[[1]]]}`, "too_deep", http.StatusBadRequest},
		{"/v1/sigils", `{"data":1,"state":{"mood":"` + strings.Repeat("a", 64) + `"}}`, "state_too_large", http.StatusRequestEntityTooLarge},
		{"/v1/sigils", `{"data":1,"tags":["a","b"]}`, "too_many_tags", http.StatusRequestEntityTooLarge},
		{"/v1/code:sign", `{"name":"a.py","content":"MQo="}`, "", http.StatusCreated},
		{"/v1/code:sign", `{"name":"b.py","content":"Mgo="}`, "signatures_full", http.StatusConflict},
	} {
		if status, answer := ask(t, d, "POST", tt.path, tt.body); status != tt.status || tt.code != "" && !strings.Contains(answer, `"code":"`+tt.code+`"`) {
			t.Errorf("%s: %d %s", tt.body, status, answer)
		}
	}
}

// TestLimitOfVersions has a memory that is corrected thrice keep its newest version.
func TestLimitOfVersions(t *testing.T) {
	d := start(t, config(t, "--max-versions=1"), on(storetest.NewModel()))
	path := "/v1/sigils"
	for i := range 4 {
		status, answer := ask(t, d, "POST", path, `{"data":`+strconv.Itoa(i)+`}`)
		if status != http.StatusCreated {
			t.Fatalf("%d %s", status, answer)
		}
		var m struct{ ID string }
		if err := json.Unmarshal([]byte(answer), &m); err != nil {
			t.Fatal(err)
		}
		path = "/v1/sigils/" + m.ID + ":correct"
	}
	status, answer := ask(t, d, "GET", strings.TrimSuffix(path, ":correct")+"/history", "")
	if status != http.StatusOK || strings.Count(answer, `"data":`) != 2 || !strings.Contains(answer, `"data":2`) {
		t.Errorf("%d %s", status, answer)
	}
}
