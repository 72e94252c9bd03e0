// Package wire has the shapes of the JSON that the daemon's API sends and accepts: a struct for each object, whose
// fields are its members. The daemon writes them, package client reads them, and docs/spec.md defines their meaning.
//
// In all of them, a time is a [Timestamp] in UTC; a member whose name ends in Seconds is a number of seconds, which
// may have a fraction; a duration as text is in the form of [sigil.FormatDuration] ("90s", "36h", "7d"), and
// [sigil.ParseDuration] reads it; a policy is in the form that [sigil.ParsePolicy] reads. A pointer is nil if the JSON
// has null or leaves the member out.
//
// It has no arithmetic, and nothing of HTTP.
package wire
