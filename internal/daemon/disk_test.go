package daemon_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/wire"
)

// alone runs the test again in a process with its own mount namespace, where it may mount (as root of a user
// namespace, if it is not root), and remaining mounts vanish. It returns true in that process, and false in the first
// one, after the other has ended.
func alone(t *testing.T) bool {
	t.Helper()
	const inside = "SIGIL_TEST_MOUNTS"
	if os.Getenv(inside) != "" {
		return true
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"--mount", "--map-root-user", program, "-test.run=^" + t.Name() + "$", "-test.v", "-test.count=1", "-test.timeout=5m"}
	cmd := exec.CommandContext(t.Context(), "unshare", args...)
	cmd.Env = append(os.Environ(), inside+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
		t.Fatalf("in a mount namespace (unshare, Debian package util-linux): %v\n%s", err, out)
	}
	return false
}

// mountSmall returns a folder on a file system of some megabytes.
func mountSmall(t *testing.T, megabytes int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", megabytes)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// startOnSmallDisk starts a daemon on a file system of its own. The test stops it.
func startOnSmallDisk(t *testing.T) (disk string, l *daemon.Loaded, d *daemon.Daemon) {
	t.Helper()
	disk = mountSmall(t, 64)
	l = config(t, "--policy=halflife", "--data="+filepath.Join(disk, "store"))
	d = daemon.New(l.Config, nil)
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return disk, l, d
}

// Another process fills the disk under load: changes that cannot be kept are answered with 507, and no
// acknowledged change is lost; reads continue; when there is space, encodes resume. A daemon that is started
// on the full disk serves what exists, or reports what to do.
func TestFullDisk(t *testing.T) {
	if !alone(t) {
		return
	}
	disk, l, d := startOnSmallDisk(t)
	web := newBrowser(t, d)
	kept := newLedger()
	first := web.encode(`"the first"`, "")
	kept.add(first, `"the first"`)
	encodeUntilFull(t, d, kept, func() { fillDisk(t, disk) })

	if status, body := ask(t, d, http.MethodGet, "/v1/sigils/"+first, ""); status != http.StatusOK {
		t.Errorf("peek on a full disk: %d %s", status, body)
	}
	if status, body := ask(t, d, http.MethodPost, "/v1/sigils/"+first+":recall", ""); status != http.StatusOK {
		t.Errorf("recall on a full disk: %d %s", status, body)
	}
	for path, body := range map[string]string{
		"/v1/sigils": `{"data":1}`, "/v1/sigils:batch": `[{"data":1},{"data":2}]`, "/v1/sigils/" + first + ":pin": "",
		"/api/consciousness/sigils": `{"data":1}`,
	} {
		if status, answer := ask(t, d, http.MethodPost, path, body); status != http.StatusInsufficientStorage || !strings.Contains(answer, "disk_full") {
			t.Errorf("POST %s on a full disk: %d %s; want 507 disk_full", path, status, answer)
		}
	}
	if status, body := ask(t, d, http.MethodGet, "/readyz", ""); status != http.StatusOK {
		t.Errorf("readyz on a full disk, where reads go on: %d %s", status, body)
	}
	if _, text := ask(t, d, http.MethodGet, "/metrics", ""); !strings.Contains(text, `sigil_error_total{code="disk_full"}`) {
		t.Error("sigil_error_total does not tell of the full disk")
	}
	holds(t, web, kept)

	freeDisk(t, disk)
	awaitRoom(t, d, kept)

	// The disk is filled again, and now the daemon starts on it. If the reserve is used up, it cannot start,
	// and reports that.
	encodeUntilFull(t, d, kept, func() { fillDisk(t, disk) })
	stop(t, d)
	fillDisk(t, disk) // what stopping gave back
	d = daemon.New(l.Config, nil)
	if err := d.Start(t.Context()); err != nil {
		if !errors.Is(err, sigil.ErrFull) || sigil.CodeOf(err) != "disk_full" || !strings.Contains(err.Error(), l.Data) {
			t.Errorf("start on a full disk: %v; want disk_full, and where", err)
		}
		freeDisk(t, disk)
		d = start(t, l, nil)
	} else {
		t.Cleanup(func() { stop(t, d) })
		holds(t, newBrowser(t, d), kept)
		encodeUntilFull(t, d, kept, func() { fillDisk(t, disk) }) // to start may have made room
		freeDisk(t, disk)
	}
	awaitRoom(t, d, kept)
	holds(t, newBrowser(t, d), kept)
}

// The error names a disk that cannot be written, and nothing on it changes.
func TestReadOnlyDisk(t *testing.T) {
	if !alone(t) {
		return
	}
	disk, l, d := startOnSmallDisk(t)
	kept := newLedger()
	kept.add(newBrowser(t, d).encode(`"here to stay"`, ""), `"here to stay"`)
	stop(t, d)

	if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	err := daemon.New(l.Config, nil).Start(t.Context())
	if !errors.Is(err, sigil.ErrUnavailable) || sigil.CodeOf(err) != "not_writable" || !strings.Contains(err.Error(), l.Data) {
		t.Errorf("start on a disk that is read-only: %v", err)
	}
	if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
	holds(t, newBrowser(t, start(t, l, nil)), kept)
}

// encodeUntilFull lets 8 clients encode 10 kB each until all were told that the disk is full. fill takes the
// space.
func encodeUntilFull(t *testing.T, d *daemon.Daemon, kept *ledger, fill func()) {
	t.Helper()
	noise := make([]byte, 5_000) // does not compress
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	data := fmt.Sprintf(`"%x"`, noise)
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for deadline := time.Now().Add(patience); ; {
				status, id, err := tryEncode(t, d, data)
				switch status {
				case http.StatusCreated:
					kept.add(id, data)
				case http.StatusInsufficientStorage:
					return
				default:
					t.Errorf("encode while the disk fills: %d %s (%v); want 201 or 507", status, id, err)
					return
				}
				if time.Now().After(deadline) {
					t.Error("the disk does not fill")
					return
				}
			}
		})
	}
	fill()
	clients.Wait()
}

// awaitRoom waits until an encode is kept.
func awaitRoom(t *testing.T, d *daemon.Daemon, kept *ledger) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		status, id, err := tryEncode(t, d, `"room again"`)
		if status == http.StatusCreated {
			kept.add(id, `"room again"`)
			return
		}
		if status != http.StatusInsufficientStorage || time.Now().After(deadline) {
			t.Fatalf("encode once there is room: %d %s (%v)", status, id, err)
		}
	}
}

// fillDisk writes a file until there is no space at all.
func fillDisk(t *testing.T, disk string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(disk, "filler"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4 << 10, 1} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
}

func freeDisk(t *testing.T, disk string) {
	t.Helper()
	if err := os.Remove(filepath.Join(disk, "filler")); err != nil {
		t.Fatal(err)
	}
}

// holds checks that acknowledged memories exist, with their content.
func holds(t *testing.T, web *browser, kept *ledger) {
	t.Helper()
	got := web.all()
	for id, data := range kept.all() {
		if got[id] != data {
			t.Errorf("%s was acknowledged with %.20s… and holds %.20q", id, data, got[id])
		}
	}
}

// tryEncode sends an encode, and returns the id if it succeeded, or else the answer.
func tryEncode(t *testing.T, d *daemon.Daemon, data string) (status int, id string, err error) {
	t.Helper()
	status, body, err := request(t.Context(), d.Addr(), http.MethodPost, "/v1/sigils", `{"data":`+data+`}`)
	if err != nil || status != http.StatusCreated {
		return status, body, err
	}
	var v wire.Memory
	err = json.Unmarshal([]byte(body), &v)
	return status, v.ID.String(), err
}
