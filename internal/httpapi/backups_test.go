package httpapi_test

import (
	"testing"
)

// A service without a folder for backups refuses them, after it has looked at the request.
func TestNoBackups(t *testing.T) {
	f := newFace(t, config{})
	f.do("GET", "/v1/backups", "").problem(409, "backup_off", "")
	f.do("POST", "/v1/backups", "").problem(409, "backup_off", "")
	f.do("POST", "/v1/backups", `{"name":"a"}`).problem(409, "backup_off", "")
	for _, name := range []string{`""`, `"a/b"`, `".a"`, `"a.tmp"`, `null`, `1`} {
		f.do("POST", "/v1/backups", `{"name":`+name+`}`).problem(400, "invalid_name", "name")
	}
	f.do("POST", "/v1/backups", `{"dir":"/etc"}`).problem(400, "unknown_field", "dir")
	f.do("GET", "/v1/backups?limit=1", "").problem(400, "unknown_parameter", "limit")
}
