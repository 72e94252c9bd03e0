//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/goccy/go-yaml"
)

const dockerfile = "../../contrib/container/Dockerfile"

// image is a folder with what contrib/container/Dockerfile puts into an image, as far as a test can do that without a
// container.
type image struct {
	root                    string
	volume                  string
	entrypoint, cmd, health []string
}

// static builds the program like a release, but without its version.
func static(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "sigil")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", name, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return name
}

// newImage follows the instructions of the Dockerfile. The test fails at an instruction that newImage does not know.
func newImage(t *testing.T) *image {
	t.Helper()
	text, err := os.ReadFile(dockerfile)
	if err != nil {
		t.Fatal(err)
	}
	i := &image{root: t.TempDir()}
	if err := os.Chmod(i.root, 0o755); err != nil {
		t.Fatal(err)
	}
	words := func(argument string) (list []string) {
		if err := json.Unmarshal([]byte(argument), &list); err != nil {
			t.Fatalf("%s: %v", argument, err)
		}
		return list
	}
	for _, m := range regexp.MustCompile(`(?m)^([A-Z]+) (.*)$`).FindAllStringSubmatch(string(text), -1) {
		switch argument := m[2]; m[1] {
		case "FROM":
			if argument != "scratch" {
				t.Errorf("FROM %s: want scratch", argument)
			}
		case "COPY":
			i.copy(t, strings.Fields(argument))
		case "USER":
			if argument != "65532:65532" {
				t.Errorf("USER %s: want the user that the test runs as", argument)
			}
		case "VOLUME":
			i.volume = argument
		case "EXPOSE": // TestCompose compares it
		case "HEALTHCHECK":
			_, list, _ := strings.Cut(argument, " CMD ")
			i.health = words(list)
		case "ENTRYPOINT":
			i.entrypoint = words(argument)
		case "CMD":
			i.cmd = words(argument)
		default:
			t.Errorf("the test does not know %s", m[0])
		}
	}
	return i
}

// copy implements COPY. The files are in the checkout, except for the program and an empty folder, which a release
// adds.
func (i *image) copy(t *testing.T, words []string) {
	t.Helper()
	owned := words[0] == "--chown=65532:65532"
	if owned {
		words = words[1:]
	}
	from, to := words[0], filepath.Join(i.root, words[1])
	switch from {
	case "sigil":
		copyFile(t, static(t), to)
		if err := os.Chmod(to, 0o755); err != nil {
			t.Fatal(err)
		}
	case "contrib/container/data":
		if err := os.Mkdir(to, 0o755); err != nil {
			t.Fatal(err)
		}
	default:
		copyFile(t, filepath.Join("../..", from), to)
	}
	if owned && os.Geteuid() == 0 {
		if err := os.Chown(to, 65532, 65532); err != nil {
			t.Fatal(err)
		}
	}
}

// command returns a command that runs in the image, as its user, with an empty environment.
func (i *image) command(line ...string) *exec.Cmd {
	cmd := &exec.Cmd{Path: line[0], Args: line, Env: []string{}, Dir: "/"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: i.root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Credential.NoSetGroups = true
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 65532, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 65532, HostID: os.Getegid(), Size: 1}}
	}
	return cmd
}

// serve starts the image's daemon on a free port, and waits until it is ready.
func (i *image) serve(t *testing.T) *process {
	t.Helper()
	cmd := i.command(slices.Concat(i.entrypoint, i.cmd, []string{"--addr=127.0.0.1:0", "--addr-file=" + i.volume + "/addr"})...)
	p := &process{cmd: cmd, stderr: new(bytes.Buffer), ended: make(chan struct{})}
	cmd.Stderr = p.stderr
	if err := cmd.Start(); errors.Is(err, syscall.EPERM) {
		t.Skipf("this machine does not allow another root folder: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // the test checks the exit code
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.ended
	})
	p.poll(t, "the address", func() bool {
		addr, err := os.ReadFile(filepath.Join(i.root, i.volume, "addr"))
		p.addr = strings.TrimSpace(string(addr))
		return err == nil
	})
	return p
}

// TestImage runs the image without a container: the release's program as an unprivileged user, in a root folder that
// has what the Dockerfile copies, and no /etc, /proc, /tmp or environment.
func TestImage(t *testing.T) {
	i := newImage(t)
	p := i.serve(t)
	said := func(line ...string) string {
		out, err := i.command(line...).CombinedOutput()
		if err != nil {
			t.Errorf("%q: %v\n%s", line, err, out)
		}
		return string(out)
	}
	health := append(i.health, "--addr="+p.addr)
	said(health...)
	id := strings.TrimSpace(said("/sigil", "encode", "--addr="+p.addr, "--quiet", `"tea"`))
	if status, body := p.get("/readyz"); status != http.StatusOK {
		t.Errorf("readyz: %d %s", status, body)
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	if code := p.exit(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.stderr)
	}
	if err := i.command(health...).Run(); err == nil {
		t.Error("the health check passes, but no daemon is running")
	}

	p = i.serve(t) // like another container on the same volume
	if list := said("/sigil", "list", "--addr="+p.addr, "--quiet"); strings.TrimSpace(list) != id {
		t.Errorf("the volume holds %q, want %q", list, id)
	}
	entries, err := fs.ReadDir(os.DirFS(i.root), ".")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{"LICENSE", "NOTICE", "data", "sigil"}; !slices.Equal(names, want) {
		t.Errorf("the root folder has %q, want %q", names, want)
	}
}

// TestCompose compares contrib/container/compose.yaml with the Dockerfile that it names.
func TestCompose(t *testing.T) {
	const file = "../../contrib/container/compose.yaml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var compose struct {
		Services map[string]struct {
			Build struct {
				Context    string
				Dockerfile string
			}
			Ports, Volumes []string
		}
		Volumes map[string]any
	}
	if err := yaml.Unmarshal(text, &compose); err != nil {
		t.Fatal(err)
	}
	s, ok := compose.Services["sigil"]
	if !ok || len(s.Ports) != 1 || len(s.Volumes) != 1 {
		t.Fatalf("want a service sigil with one port and one volume, got %+v", compose)
	}
	if built := filepath.Join(filepath.Dir(file), s.Build.Context, s.Build.Dockerfile); built != filepath.Clean(dockerfile) {
		t.Errorf("it builds %s, want %s", built, filepath.Clean(dockerfile))
	}
	made, err := os.ReadFile(dockerfile)
	if err != nil {
		t.Fatal(err)
	}
	port := strings.TrimPrefix(s.Ports[0], "127.0.0.1:7433:")
	volume, folder, _ := strings.Cut(s.Volumes[0], ":")
	if _, ok := compose.Volumes[volume]; !ok || !strings.Contains(string(made), "\nEXPOSE "+port+"\n") || !strings.Contains(string(made), "\nVOLUME "+folder+"\n") {
		t.Errorf("the Dockerfile does not have the port %s, or the folder %s of volume %s", port, folder, volume)
	}
}
