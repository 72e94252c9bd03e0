package sigil

// Job names a sweep.
type Job string

// The sweeps there are.
const (
	DecayJob       Job = "decay"
	CrystallizeJob Job = "crystallize"
)
