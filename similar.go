package sigil

// MaxSimilar is the most memories that an encode names as similar.
const MaxSimilar = 10

// Similar are the memories that an encode found to be near in meaning to the one that it stores.
type Similar struct {
	// Least is the cosine that was asked for.
	Least float64
	// Near are the nearest, at most [MaxSimilar], the nearest first. It is not nil.
	Near []Near
	// Incomplete means that vectors were missing at that time, so that Near may lack memories.
	Incomplete bool
}

// Near is a memory that is near in meaning to another one.
type Near struct {
	ID ID
	// Score is the cosine of the angle between the two vectors, over 0 and at most 1, in ten-thousandths.
	Score float64
}

// Without returns the similar memories apart from the one with an id, at most [MaxSimilar]. It may be called on nil.
func (s *Similar) Without(id ID) *Similar {
	if s == nil {
		return nil
	}
	left := *s
	left.Near = make([]Near, 0, min(len(s.Near), MaxSimilar))
	for _, n := range s.Near {
		if n.ID != id && len(left.Near) < MaxSimilar {
			left.Near = append(left.Near, n)
		}
	}
	return &left
}
