package wire

// SetPolicy sets the policy of a tenant.
type SetPolicy struct {
	Policy string `json:"policy"` // as [sigil.ParsePolicy] reads it
	DryRun bool   `json:"dryRun,omitempty"`
}

// TenantPolicy is the policy that a tenant's memories get at each encode, recall and unpin. Own is set if it is the tenant's own, and not
// the daemon's.
type TenantPolicy struct {
	Tenant string `json:"tenant"`
	Policy string `json:"policy"`
	Own    bool   `json:"own"`
	// Lifetime is how long a memory lives untouched under the policy, as a duration, and LifetimeSeconds the same as a number. Both are null if none fades.
	Lifetime        *string  `json:"lifetime"`
	LifetimeSeconds *float64 `json:"lifetimeSeconds"`
	// Since is when the tenant got the policy, or lost its own; null if that is not known.
	Since *Timestamp `json:"since"`
	// Restamping is set while memories that have another policy are being brought under it.
	Restamping bool `json:"restamping"`
	// Effect is set in the answer to a dry run, which changes nothing: Policy is then the one that was tried.
	Effect *PolicyEffect `json:"effect,omitempty"`
}

// PolicyEffect is what a policy would do to a tenant's live memories if nothing was recalled.
type PolicyEffect struct {
	Memories int `json:"memories"` // all
	Moved    int `json:"moved"`    // those that would get another policy
	// Fading counts what would fade under the policy, and Present what fades under those that the memories have.
	Fading  PolicyFading `json:"fading"`
	Present PolicyFading `json:"present"`
}

// PolicyFading counts memories that fade at the next sweep, within a day and within a week, each including the ones before.
type PolicyFading struct {
	Now  int `json:"now"`
	Day  int `json:"day"`
	Week int `json:"week"`
}

// PolicyChange is a change of a tenant's policy. A null is none of its own: then it has the daemon's.
type PolicyChange struct {
	From *string `json:"from"`
	To   *string `json:"to"`
}
