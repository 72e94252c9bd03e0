package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil/client"
)

func (a *app) policy() *cobra.Command {
	c := &cobra.Command{
		Use:   "policy",
		Short: "Show or change how the memories of a tenant fade",
		Long: `Policy shows the policy of the tenant: how its memories fade. It is the daemon's, unless the tenant has one
of its own. Encodes, recalls and unpins give it to a memory; after a change, the daemon also brings the
tenant's other memories under it, in the background.`,
		Example: "  sigil policy\n  sigil policy set \"halflife h=30d\" --dry-run\n  sigil policy unset",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError("there is no command " + quote("policy "+args[0]))
		},
		RunE: a.getPolicy,
	}
	var dry bool
	set := &cobra.Command{
		Use:   "set POLICY",
		Short: "Give the tenant a policy of its own",
		Long: `Set gives the tenant a policy of its own: a name, and the figures that are not to have their defaults, in
the form that sigil policy shows.

Memories that are past their deadlines under the new policy fade at the next sweep; sigil restore brings
them back within the daemon's --undo. With --dry-run nothing is changed: it shows how many that would be.`,
		Example: "  sigil policy set \"halflife h=30d\" --dry-run\n  sigil policy set \"power s=7d threshold=0.5\"\n  sigil policy set classic",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("give one policy, in quotes: \"halflife h=30d\"")
			}
			return nil
		},
		ValidArgsFunction: cobra.FixedCompletions([]string{"halflife", "classic", "power", "fsrs"}, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(func(c *client.Client) error {
				p, err := c.SetPolicy(cmd.Context(), args[0], dry)
				return a.showPolicy(&p, err)
			})
		},
	}
	unset := &cobra.Command{
		Use:     "unset",
		Short:   "Give the tenant the daemon's policy",
		Long:    "Unset takes the tenant's own policy away, and brings its memories under the daemon's, as set does.",
		Example: "  sigil policy unset --dry-run\n  sigil policy unset",
		Args:    nothingMore,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(func(c *client.Client) error {
				p, err := c.UnsetPolicy(cmd.Context(), dry)
				return a.showPolicy(&p, err)
			})
		},
	}
	for _, one := range []*cobra.Command{set, unset} {
		one.Flags().BoolVar(&dry, "dry-run", false, "change nothing, and show what would fade")
	}
	c.AddCommand(&cobra.Command{
		Use: "get", Short: "Show the tenant's policy", Long: "Get shows the tenant's policy.", Example: "  sigil policy get", Args: nothingMore, RunE: a.getPolicy,
	}, set, unset)
	return c
}

func (a *app) getPolicy(cmd *cobra.Command, _ []string) error {
	return a.with(func(c *client.Client) error {
		p, err := c.Policy(cmd.Context())
		return a.showPolicy(&p, err)
	})
}

func (a *app) showPolicy(p *client.TenantPolicy, err error) error {
	switch {
	case err != nil:
		return err
	case a.flags.json:
		return a.json(p)
	}
	var f fields
	whose := "the daemon's"
	if p.Own {
		whose = "of " + p.Tenant
	}
	f.add("policy", "%s, %s", escape(p.Policy), whose)
	f.add("lifetime", "%s untouched", lifetime(p.LifetimeSeconds))
	if p.Since != nil {
		f.add("since", "%s", p.Since)
	}
	if p.Restamping {
		f.add("restamping", "memories that have another policy are being brought under it")
	}
	if e := p.Effect; e != nil {
		f.add("memories", "%d, of which %d would get the policy", e.Memories, e.Moved)
		f.add("would fade", "%s", fadingText(e.Fading))
		f.add("fade anyway", "%s", fadingText(e.Present))
		f.add("dry run", "nothing was changed")
	}
	return f.print(a)
}

func fadingText(f client.PolicyFading) string {
	return fmt.Sprintf("%d at once, %d within a day, %d within a week", f.Now, f.Day, f.Week)
}
