package scheduler_test

import (
	"context"
	"fmt"
	"time"

	"github.com/sigil-dna/sigil/scheduler"
)

func ExampleScheduler() {
	s := scheduler.New(&scheduler.Options{
		OnRun: func(run scheduler.Run) {
			fmt.Println(run.Name, "ran, by hand:", run.Manual, "error:", run.Err)
		},
	})
	err := s.Add("sweep", "@every 5s", func(ctx context.Context) error {
		return ctx.Err() // the work, which minds ctx
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	if err := s.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}

	// Besides its ticks, a job runs when asked to.
	if err := s.Run(ctx, "sweep"); err != nil {
		fmt.Println(err)
	}

	// Stop lets runs in progress end, for ten seconds in this case.
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// sweep ran, by hand: true error: <nil>
}

func ExampleValidate() {
	fmt.Println(scheduler.Validate("0 30 2 * * MON-FRI"))
	fmt.Println(scheduler.Validate("0 0 0 30 2 *"))
	// Output:
	// <nil>
	// scheduler: invalid: schedule "0 0 0 30 2 *": it never fires
}
