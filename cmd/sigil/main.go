// Command sigil keeps memories that fade unless they are recalled: `sigil serve` runs the daemon, the other commands
// talk to one.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/sigil-dna/sigil/internal/cli"
	"github.com/sigil-dna/sigil/internal/daemon"
)

// version is set by the linker, as in -X main.version=v1.2.3.
var version = "dev"

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ()))
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, environ []string) int {
	env := func(name string) (value string) {
		for _, pair := range environ {
			if n, v, _ := strings.Cut(pair, "="); n == name {
				value = v
			}
		}
		return value
	}
	// The first signal cancels a command's context, the second ends the process.
	interrupted, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(interrupted, stop)
	v := versionOf(debug.ReadBuildInfo())
	serve := func(_ context.Context, args []string, stdout, stderr io.Writer) int {
		return daemon.Serve(ctx, args, stdout, stderr, environ, v) // not interrupted: Serve handles signals itself
	}
	export := func(ctx context.Context, args []string, stdout, stderr io.Writer) int {
		return daemon.Export(ctx, args, stdout, stderr, environ)
	}
	check := func(ctx context.Context, args []string, stdout, stderr io.Writer) int {
		return daemon.Check(ctx, args, stdout, stderr, environ)
	}
	under := func(run func(context.Context, []string, io.Writer, io.Writer, []string) int) func(context.Context, []string, io.Writer, io.Writer) int {
		return func(ctx context.Context, args []string, stdout, stderr io.Writer) int {
			return run(ctx, args, stdout, stderr, environ)
		}
	}
	return cli.Run(interrupted, args, stdin, stdout, stderr, env, v,
		cli.Offline{
			Use: "serve", Short: "Run the daemon", Run: serve, Flags: daemon.ServeFlags,
			Example: "  sigil serve\n  sigil serve --half-life 28d",
		},
		cli.Offline{
			Use: "export", Short: "Write out a data folder, damaged or not", Run: export, Flags: daemon.ExportFlags,
			Example: "  sigil export > memories.ndjson\n  sigil export --salvage --data DIR",
		},
		cli.Offline{
			Use: "migrate", Short: "Copy memories from one store to another", Run: daemon.Migrate, Flags: daemon.MigrateFlags,
			Example: "  sigil migrate --from DIR --to postgres://sigil@db.example/sigil",
		},
		cli.Offline{
			Use: "check", Short: "Look for damage in a data folder or a database", Run: check, Flags: daemon.CheckFlags,
			Example: "  sigil check --data DIR",
		},
		cli.Offline{Use: "backup", Run: under(daemon.Backup), Flags: daemon.BackupFlags},
		cli.Offline{
			Use: "verify", Under: "backup", Short: "Compare a backup with its checksums", Run: under(daemon.BackupVerify), Flags: daemon.BackupVerifyFlags,
			Example: "  sigil backup verify DIR",
		},
		cli.Offline{
			Use: "restore", Under: "backup", Short: "Put a backup in the place of a data folder", Run: under(daemon.BackupRestore), Flags: daemon.BackupRestoreFlags,
			Example: "  sigil backup restore DIR --data DATA",
		})
}

// versionOf returns the version that the linker set, or else the one that `go install` put into the program.
func versionOf(info *debug.BuildInfo, ok bool) string {
	if version == "dev" && ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return version
}
