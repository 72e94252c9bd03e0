package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  sigil version",
		Args:    nothingMore,
		RunE: func(*cobra.Command, []string) error {
			platform := runtime.GOOS + "/" + runtime.GOARCH
			if a.flags.json {
				return a.json(map[string]string{"version": a.version, "go": runtime.Version(), "platform": platform})
			}
			_, err := fmt.Fprintf(a.out, "sigil %s (%s, %s)\n", a.version, runtime.Version(), platform)
			return err
		},
	}
}

func (a *app) completion() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a script that completes commands in a shell",
		Example: `  # bash: now, and in every new shell
  source <(sigil completion bash)
  sigil completion bash > ~/.local/share/bash-completion/completions/sigil

  # zsh, into a folder of $fpath
  sigil completion zsh > ~/.zsh/completions/_sigil

  # fish
  sigil completion fish > ~/.config/fish/completions/sigil.fish

  # PowerShell
  sigil completion powershell | Out-String | Invoke-Expression`,
		ValidArgs: shells,
		Args:      oneOf("shell", shells),
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.out, true)
			case "zsh":
				return root.GenZshCompletion(a.out)
			case "fish":
				return root.GenFishCompletion(a.out, true)
			}
			return root.GenPowerShellCompletionWithDesc(a.out)
		},
	}
}
