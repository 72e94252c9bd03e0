package sigil

// Job is the name of a sweep.
type Job string

// The sweeps.
const (
	DecayJob       Job = "decay"
	CrystallizeJob Job = "crystallize"
)
