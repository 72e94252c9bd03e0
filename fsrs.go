package sigil

import (
	"math"
	"time"
)

// These are the default weights of FSRS-6 that a recall with the grade "Good" needs, under their names there. The
// formulas and the weights are those of https://github.com/open-spaced-repetition/fsrs4anki/wiki/The-Algorithm and of its
// reference in JavaScript, ts-fsrs 5.4.2, which testdata/fsrs.json comes from.
const (
	fsrsW4  = 6.4133 // difficulty after a first "Again"
	fsrsW5  = 0.8334 // how much a better first grade lowers it
	fsrsW7  = 0.001  // how much of the way to the difficulty of "Easy" each recall goes
	fsrsW8  = 1.8722 // growth of stability: in general,
	fsrsW9  = 0.1666 // less the more stable a memory is already,
	fsrsW10 = 0.796  // and more the less retrievable it was
	fsrsW17 = 0.5425 // growth within a day: in general,
	fsrsW18 = 0.0912 // for "Good",
	fsrsW19 = 0.0658 // and less the more stable a memory is already
)

// The bounds of stability in FSRS-6, in days.
const (
	fsrsMinStability = 0.001
	fsrsMaxStability = 36500
)

// FSRS has the curve of [Power], and each recall makes a memory more stable, as FSRS-6 does for the grade "Good": much if
// it came late, hardly at all if it came at once. Make it with [NewFSRS].
//
// The stability of a memory is s times its [Meta.Stretch]. A recall multiplies it by [FSRS.Growth]. Elapsed time is a
// duration, whereas the implementations of FSRS count dates, for which four minutes across midnight are a day.
type FSRS struct{ Power }

// NewFSRS returns an FSRS, or [ErrInvalid] as [NewPower] does. The stability is that of a memory without recalls.
func NewFSRS(stability time.Duration, exponent, threshold float64) (FSRS, error) {
	p, err := newPower("fsrs", stability, exponent, threshold)
	return FSRS{p}, err
}

// Growth returns by what a recall multiplies the stability S, in days, of a memory with that stretch that has been idle
// for that long and was recalled that many times before. It is at least 1. A day or more after the last recall, with
// retrievability R and difficulty D, it is
//
//	1 + e^w8·(11 − D)·S^(−w9)·(e^(w10·(1 − R)) − 1)
//
// and before that max(1, e^(w17·w18)·S^(−w19)), which is 1 for a stability over 2.13 days. S does not grow over 36,500
// days; for S under 0.001, S in the formulas is 0.001.
func (f FSRS) Growth(stretch float64, idle time.Duration, recalls uint64) float64 {
	stretch = factor(stretch)
	was := f.stability.Seconds() / day.Seconds() * stretch
	if was >= fsrsMaxStability {
		return 1
	}
	s := math.Max(was, fsrsMinStability)
	grown := math.Max(1, math.Exp(fsrsW17*fsrsW18)*math.Pow(s, -fsrsW19))
	if idle >= day {
		forgotten := f.Decay(divided(idle, stretch)) // 1 − R
		grown = 1 + math.Exp(fsrsW8)*(11-fsrsDifficulty(recalls))*math.Pow(s, -fsrsW9)*math.Expm1(fsrsW10*forgotten)
	}
	return math.Min(grown, fsrsMaxStability/was)
}

// fsrsDifficulty returns the difficulty D, from 1 to 10, of a memory whose encode and recalls were all graded "Good". In
// FSRS-6 the first grade G sets D0(G) = w4 − e^((G − 1)·w5) + 1, and each "Good" (3) after it moves D to w7·D0(4) +
// (1 − w7)·D, at least 1. So after n recalls it is D0(4) + (1 − w7)^n·(D0(3) − D0(4)).
func fsrsDifficulty(recalls uint64) float64 {
	good, easy := fsrsW4-math.Exp(2*fsrsW5)+1, fsrsW4-math.Exp(3*fsrsW5)+1
	return math.Max(1, easy+math.Pow(1-fsrsW7, float64(recalls))*(good-easy))
}
