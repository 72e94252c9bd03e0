package sigil

import "math"

// Lattice is the shape of a crystallized memory: a pure function of its [State], never stored.
type Lattice struct {
	// ResonanceField is phi·φ.
	ResonanceField float64
	Nodes          []LatticeNode
	Connections    []LatticeEdge
}

// LatticeNode is one node, on a circle.
type LatticeNode struct {
	ID        int
	X         float64
	Y         float64
	Z         float64
	Resonance float64
	Weight    float64
}

// LatticeEdge joins two nodes that are nearer to each other than φ.
type LatticeEdge struct {
	From      int
	To        int
	Strength  float64 // 1/distance, at most the maximum float64
	Resonance float64
}

// touching is how much nearer than φ two nodes must be to be joined. A pair exactly φ apart is not joined, whatever the
// rounding.
const touching = 1e-9

// Lattice returns n = floor(coherence·12) nodes on a circle of radius awareness·φ (spec 2). Nodes and connections are
// never nil.
func (s *State) Lattice() Lattice {
	n := int(math.Floor(s.Coherence * 12))
	l := Lattice{ResonanceField: s.Phi * Phi, Nodes: make([]LatticeNode, n), Connections: []LatticeEdge{}}
	radius, z, weight := s.Awareness*Phi, s.EmotionalResonance*Phi, math.Pow(Phi, s.Awareness)
	for i := range l.Nodes {
		angle := 2 * math.Pi * float64(i) / float64(n)
		l.Nodes[i] = LatticeNode{ID: i, X: radius * math.Cos(angle), Y: radius * math.Sin(angle), Z: z, Resonance: s.Phi, Weight: weight}
	}
	for i, a := range l.Nodes {
		for j := i + 1; j < n; j++ {
			b := l.Nodes[j]
			d := math.Hypot(a.X-b.X, a.Y-b.Y) // all nodes have the same z
			if d > 0 && d < Phi-touching {
				l.Connections = append(l.Connections, LatticeEdge{From: i, To: j, Strength: math.Min(1/d, math.MaxFloat64), Resonance: s.Phi})
			}
		}
	}
	return l
}
