// Package wire has the shapes of what the daemon's API sends and takes as JSON: a struct for each object, whose fields
// are its members. The daemon writes them, package client reads them, and docs/spec.md says what they mean.
//
// In all of them, a time is a [Timestamp] in UTC; a member that ends in Seconds is a number of seconds, which may have a
// fraction; a duration as text is as [sigil.FormatDuration] writes it ("90s", "36h", "7d"), and [sigil.ParseDuration]
// reads it; a policy is as [sigil.ParsePolicy] reads it. A pointer is nil where the JSON has null or leaves the member
// out.
//
// It has no arithmetic, and nothing of HTTP.
package wire
