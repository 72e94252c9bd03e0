// Package scheduler runs named jobs on cron schedules.
//
// It owns when a job runs, that two runs of one job never overlap, what happens to a tick that finds its job busy, and
// a stop that drains. It does not know what a job does: a job is a func.
//
// # Schedules
//
// A schedule has six fields, seconds first:
//
//	second (0-59)  minute (0-59)  hour (0-23)  day of month (1-31)
//	month (1-12 or JAN-DEC)  day of week (0-7 or SUN-SAT, 0 and 7 are Sunday)
//
// A field is a list of values, ranges and steps: "*/5", "8-18", "MON,FRI". The day of month may also be L (the last),
// L-3 (three days before the last), 15W (the weekday, Monday to Friday, nearest to the 15th in the same month) or LW
// (the last weekday), the day of week 1#2 (the second Monday of the month) or FRI#L (the last Friday), alone or in a
// list.
//
// All six must match. That differs from crontab(5) when both days are given: "0 0 3 1-7 * MON" is the first Monday of
// the month, not the first week and every Monday.
//
// Instead of the fields, a schedule may be @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly or
// "@every 90s". The duration after @every is in the syntax of [time.ParseDuration], whole seconds, at least one, and
// counts from Start.
//
// "TZ=Europe/Zurich " or "CRON_TZ=Europe/Zurich " before a schedule sets its time zone, instead of [Options].Location.
// It has no effect on @every.
//
// A schedule that never fires, such as the 30th of February, is an error.
//
// # Daylight saving
//
// A schedule whose hour field admits every hour ("*") keeps its pace in real time: it fires in both passes of a
// repeated hour, and not for a skipped one. Any other fires once for each time on the clock: in the first pass only of
// a repeated hour, and once, at the moment after the gap, for all ticks of a skipped hour. @every ignores daylight
// saving.
//
// # Ticks that find their job busy
//
// A tick that comes while its job runs is skipped and counted as missed; it is never queued. The same holds for ticks
// that pass while the process, or the machine, is suspended, or when the wall clock is set forward: however many they
// are, the job runs once. A wall clock set forward or back is noticed within 30 seconds. If it is set back by up to 30
// seconds, the scheduler waits for it to catch up, and no tick is repeated. If it is set back by more than a minute,
// the schedule starts again from the new time, and ticks of the repeated stretch come again. In between, either may
// happen.
package scheduler
