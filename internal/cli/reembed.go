package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil/client"
)

// reembedEvery is how often the progress is asked for.
const reembedEvery = 500 * time.Millisecond

func (a *app) reembed() *cobra.Command {
	var status, stop, resume, detach bool
	cmd := &cobra.Command{
		Use:   "reembed",
		Short: "Make the vectors of all memories anew",
		Long: `Reembed drops the vectors that are made of the texts of memories, of all tenants, and has them made anew, for example
after the model of an endpoint was replaced under the same name. Searches find words meanwhile, and say that vectors are being built. It
waits until all are made; Ctrl-C ends only the waiting. A daemon that is started again goes on.

The vectors of words in the program need this only on PostgreSQL: the embedded store makes them at each start.`,
		Example: "  sigil reembed\n  sigil reembed --status\n  sigil reembed --stop",
		Args:    nothingMore,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(func(c *client.Client) error {
				do := c.Reembed
				switch {
				case status:
					do = c.Embeddings
				case stop:
					do = c.StopEmbedding
				case resume:
					do = c.ResumeEmbedding
				}
				e, err := do(cmd.Context())
				if err == nil && !status && !stop && !detach {
					e, err = a.embedded(cmd.Context(), c, e)
				}
				switch {
				case err != nil:
					return err
				case a.flags.json:
					return a.json(e)
				}
				return embeddingFields(&e).print(a)
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&status, "status", false, "only show how many memories have vectors")
	f.BoolVar(&stop, "stop", false, "stop the daemon from having missing vectors made by its endpoint")
	f.BoolVar(&resume, "resume", false, "go on after --stop")
	f.BoolVar(&detach, "detach", false, "do not wait")
	cmd.MarkFlagsMutuallyExclusive("status", "stop", "resume")
	return cmd
}

// embedded waits until all memories have vectors, and shows how many have.
func (a *app) embedded(ctx context.Context, c *client.Client, e client.Embeddings) (client.Embeddings, error) {
	bar := a.newCountProgress("embedding", e.Memories)
	defer bar.end()
	tick := time.NewTicker(reembedEvery)
	defer tick.Stop()
	for e.Meaning != "ready" && !e.Stopped {
		bar.set(e.Vectors, e.Memories)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return e, ctx.Err()
		}
		var err error
		if e, err = c.Embeddings(ctx); err != nil {
			return e, err
		}
	}
	return e, nil
}

func embeddingFields(e *client.Embeddings) *fields {
	var f fields
	model := e.Model
	if model == "" {
		model = "none yet: the endpoint has not answered"
	}
	f.add("model", "%s", escape(model))
	f.add("vectors", "%d of %d memories", e.Vectors, e.Memories)
	state := e.Meaning
	if e.Stopped {
		state += ", stopped"
	}
	f.add("meaning", "%s", state)
	return &f
}
