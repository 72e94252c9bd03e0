package campaign_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/internal/prove/campaign"
)

// soak is a campaign with all disturbances, and the additional figures of its table.
type soak struct {
	*campaign.Campaign
	t     *testing.T
	rng   *rand.Rand
	begin time.Time

	small    string // a small disk to fill; "" for none
	whySmall string // there is none
	handOver bool   // whether the program can hand over

	first, last, most campaign.Vitals
}

// TestSoak mixes everything on one daemon for SIGIL_SOAK_MINUTES: all verbs, limits, sweeps every second,
// SIGKILL, SIGTERM, hand-overs, a full disk, slow readers, bad input. After each disturbance, the store is
// compared with what was acknowledged. Without the variable, each disturbance happens once. SIGIL_SOAK_TABLE
// names a file for the table of results.
func TestSoak(t *testing.T) {
	minutes := number(t, "SIGIL_SOAK_MINUTES", 0)
	s := &soak{Campaign: begin(t), t: t, begin: time.Now()}
	s.rng = rand.New(rand.NewPCG(s.Seed, 1))
	s.small, s.whySmall = smallDisk(t)
	s.handOver = (&campaign.Child{Program: s.Program}).HandsOver(t.Context())
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(minutes)*time.Minute+20*campaign.Patience)
	defer cancel()
	defer s.write() // of a soak that failed, too

	deadline := s.begin.Add(time.Duration(minutes) * time.Minute)
	for era := 0; ; era++ {
		s.store(ctx, era)
		if minutes == 0 {
			s.each(ctx)
			break
		}
		for range 25 { // a store that grows for too long takes all the time to compare
			if time.Now().After(deadline) {
				break
			}
			s.round(ctx, s.draw())
		}
		if time.Now().After(deadline) {
			break
		}
	}
	s.weigh(ctx)
	judge(t, s.Campaign, "end", s.End(ctx))
}

// smallDisk mounts a small file system, which needs root. If it cannot, it returns the reason.
func smallDisk(t *testing.T) (folder, why string) {
	folder = t.TempDir()
	mount := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=512m", "tmpfs", folder)
	if out, err := mount.CombinedOutput(); err != nil {
		return "", strings.TrimSpace(fmt.Sprintf("mount: %v %s", err, out))
	}
	t.Cleanup(func() { // after the daemon was ended: begin's comes later, and so is called earlier
		if out, err := exec.Command("umount", "-l", folder).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	return folder, ""
}

// store begins a new store: every second one on the small disk, if there is one, and two of four with a limit
// of memories.
func (s *soak) store(ctx context.Context, era int) {
	at := s.Scratch
	if s.small != "" && era%2 == 0 {
		at = s.small
	}
	s.Quota, s.Args = 0, []string{"--decay-schedule=* * * * * *", "--crystallize-schedule=* * * * * *"}
	if era%4 < 2 {
		s.Quota = 500
		s.Args = append(s.Args, fmt.Sprintf("--max-memories=%d", s.Quota))
	}
	judge(s.t, s.Campaign, "a fresh store", s.Fresh(ctx, at))
}

// disturbances are the possible disturbances of a round, each with its share.
var disturbances = []struct {
	name  string
	share int
}{{"kill", 5}, {"terminate", 2}, {"hand over", 3}, {"full disk", 2}, {"kill on a full disk", 1}, {"quiet", 2}}

// onSmall reports whether the store is on the small disk.
func (s *soak) onSmall() bool {
	return s.small != "" && strings.HasPrefix(s.Child().Data, s.small)
}

// can reports whether a disturbance is possible now.
func (s *soak) can(what string) bool {
	switch what {
	case "hand over":
		return s.handOver
	case "full disk", "kill on a full disk":
		return s.onSmall()
	}
	return true
}

// draw draws a possible disturbance.
func (s *soak) draw() string {
	whole := 0
	for _, d := range disturbances {
		if s.can(d.name) {
			whole += d.share
		}
	}
	at := s.rng.IntN(whole)
	for _, d := range disturbances {
		if !s.can(d.name) {
			continue
		}
		if at -= d.share; at < 0 {
			return d.name
		}
	}
	return "quiet"
}

// each does every disturbance once.
func (s *soak) each(ctx context.Context) {
	for _, d := range disturbances {
		if !s.can(d.name) {
			s.t.Logf("%s: left out, see the table", d.name)
			continue
		}
		s.round(ctx, d.name)
	}
}

func (s *soak) round(ctx context.Context, what string) {
	var err error
	switch what {
	case "kill":
		err = s.Kill(ctx)
	case "terminate":
		err = s.Terminate(ctx)
	case "hand over":
		err = s.HandOver(ctx)
	case "full disk":
		err = s.FullDisk(ctx, s.small, false)
	case "kill on a full disk":
		err = s.FullDisk(ctx, s.small, true)
	case "quiet":
		err = s.Quiet(ctx)
	}
	judge(s.t, s.Campaign, what, err)
	s.weigh(ctx)
}

// weigh records what the daemon uses.
func (s *soak) weigh(ctx context.Context) {
	v, err := s.Child().Vitals(ctx)
	judge(s.t, s.Campaign, "vitals", err)
	if s.first == (campaign.Vitals{}) {
		s.first = v
	}
	s.last = v
	s.most = campaign.Vitals{
		Goroutines: max(s.most.Goroutines, v.Goroutines), Descriptors: max(s.most.Descriptors, v.Descriptors), RSS: max(s.most.RSS, v.RSS),
	}
}

// write writes the table.
func (s *soak) write() {
	table := s.table()
	s.t.Log("\n" + table)
	if name := os.Getenv("SIGIL_SOAK_TABLE"); name != "" {
		if err := os.WriteFile(name, []byte(table), 0o644); err != nil {
			s.t.Error(err)
		}
	}
}

func (s *soak) table() string {
	var b strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "| %s | %s |\n", name, fmt.Sprintf(format, args...))
	}
	n, done := s.Totals(), s.Operations()
	b.WriteString("| soak | |\n| --- | --- |\n")
	row("date", "%s", s.begin.UTC().Format(time.DateOnly))
	row("commit", "%s", commit(s.t))
	row("duration", "%v", time.Since(s.begin).Round(time.Second))
	row("clients, tenants", "%d, %d", s.Clients, len(s.Tenants))
	row("stores", "%d", s.Done.Get("stores"))
	var total int64
	var kinds []string
	for name, n := range done {
		total += n
		kinds = append(kinds, name)
	}
	slices.Sort(kinds)
	for i, name := range kinds {
		kinds[i] = fmt.Sprintf("%s %d", name, done[name])
	}
	row("operations", "%d: %s", total, strings.Join(kinds, ", "))
	row("memories attempted", "%d", n.Attempts)
	row("SIGKILL", "%d under load, %d on a full disk, %d more while opening",
		s.Done.Get("SIGKILL under load"), s.Done.Get("SIGKILL on a full disk"), s.Done.Get("SIGKILL while opening"))
	row("SIGTERM and start", "%d", s.Done.Get("SIGTERM and start"))
	if s.handOver {
		row("hand-overs", "%d; a request without an answer in one is a violation", s.Done.Get("hand-overs"))
	} else {
		row("hand-overs", "0, not supported by this binary")
	}
	if s.small != "" {
		row("full disks", "%d; room was used again within %v", s.Done.Get("full disks"), s.Resumed().Round(time.Millisecond))
	} else {
		row("full disks", "0, left out: no small disk to fill (%s)", s.whySmall)
	}
	row("undisturbed rounds", "%d", s.Done.Get("undisturbed rounds"))
	row("requests without an answer", "%d; to a process that was not ended they are violations", n.Broken)
	row("compared", "%d memories, %d signatures, %d journal entries", n.Memories, n.Signatures, n.Entries)
	row("found by a search", "%d memories, each by a word of its own", n.Found)
	row("process, first", "%v", s.first)
	row("process, last", "%v", s.last)
	row("process, most", "%v", s.most)
	row("seed", "%d", s.Seed)
	row("violations", "%d", n.Violations)
	return b.String()
}

// commit returns the commit that is tested.
func commit(t *testing.T) string {
	out, err := exec.CommandContext(context.WithoutCancel(t.Context()), "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return filepath.Base(strings.TrimSpace(string(out)))
}
