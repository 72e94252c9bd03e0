package scheduler

import "time"

// SetClock replaces the wall clock, before anything else is called.
func (s *Scheduler) SetClock(now func() time.Time) { s.now = now }

// Ticks returns the ticks of spec in loc that are after from and before to.
func Ticks(spec string, loc *time.Location, from, to time.Time) ([]time.Time, error) {
	s, err := parse(spec, loc, from)
	if err != nil {
		return nil, err
	}
	var ticks []time.Time
	for t := s.next(from); t.Before(to); t = s.next(t) {
		ticks = append(ticks, t)
	}
	return ticks, nil
}
