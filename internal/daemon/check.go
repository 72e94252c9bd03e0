package daemon

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/scheduler"
	"github.com/sigil-dna/sigil/store"
)

// choices are the settings that take one of a few words.
var choices = map[string][]string{
	"policy":     {"halflife", "classic", "power", "fsrs"},
	"http":       {"lane", "standard"},
	"search":     {"on", "off"},
	"meaning":    {"built-in", "off"},
	"log-level":  {"debug", "info", "warn", "error"},
	"log-format": {"text", "json"},
}

// check calls say for every invalid setting, with the reason. It checks only values: whether a port is taken
// or a folder can be written shows only when it is used.
func (c *Config) check(say func(setting, why string)) {
	for setting, value := range map[string]string{"policy": c.Policy, "http": c.HTTP, "search": c.Search, "meaning": c.Meaning, "log-level": c.LogLevel, "log-format": c.LogFormat} {
		if known := choices[setting]; !slices.Contains(known, value) {
			say(setting, fmt.Sprintf("%q is unknown; it can be %s", value, strings.Join(known, " or ")))
		}
	}
	if c.Store != "pebble" && !c.postgres() {
		say("store", fmt.Sprintf("%q is unknown; it can be pebble, or the postgres:// URL of a database", shownStore(c.Store)))
	}
	if why := checkAddr(c.Addr, c.Insecure); why != "" {
		say("addr", why)
	}
	if c.Data == "" && !c.postgres() {
		say("data", "there is no home folder for the default: set a folder")
	}
	if _, err := c.policy(); err != nil {
		say(policySetting(c.Policy, err))
	}
	for setting, spec := range map[string]string{"decay-schedule": c.DecaySchedule, "crystallize-schedule": c.CrystallizeSchedule} {
		if never(spec) {
			continue
		}
		if err := scheduler.Validate(spec); err != nil {
			say(setting, err.Error())
		}
	}
	if known := store.SearchLanguages(); !slices.Contains(known, c.SearchLanguage) {
		say("search-language", fmt.Sprintf("%q is unknown; it can be %s", c.SearchLanguage, strings.Join(known, ", ")))
	}
	c.checkWebhook(say)
	c.checkBackups(say)
	c.checkEmbedder(say)
	if c.StoreConnections != 0 && (c.StoreConnections < 2 || c.StoreConnections > 1<<16) {
		say("store-connections", "must be 0, or 2 to 65536: one listens, and the others carry out calls")
	}
	if c.StoreWait < 0 || c.StoreWait > 24*time.Hour {
		say("store-wait", "must be 0 to 24h")
	}
	for setting, n := range map[string]int64{
		"max-memories": int64(c.MaxMemories), "max-bytes": c.MaxBytes, "max-body": c.MaxBody,
		"notice": int64(c.Notice), "undo": int64(c.Undo), "undo-memories": int64(c.UndoMemories), "undo-bytes": c.UndoBytes,
		"journal-age": int64(c.JournalAge), "journal-entries": int64(c.JournalEntries),
	} {
		if n < 0 {
			say(setting, "must be at least 0")
		}
	}
	for setting, n := range map[string]int64{
		"max-data": c.MaxData, "max-depth": int64(c.MaxDepth), "max-state": c.MaxState,
		"max-tags": int64(c.MaxTags), "max-signatures": int64(c.MaxSignatures), "max-batch": int64(c.MaxBatch), "max-page": int64(c.MaxPage), "max-versions": int64(c.MaxVersions), "max-policies": int64(c.MaxPolicies),
		"max-page-bytes": c.MaxPageBytes, "max-batch-body": c.MaxBatchBody, "max-in-flight": c.MaxInFlight, "max-connections": int64(c.MaxConnections), "max-subscribers": int64(c.MaxSubscribers),
	} {
		if n < 1 {
			say(setting, "must be at least 1")
		}
	}
	for setting, d := range map[string]time.Duration{
		"request-timeout": c.RequestTimeout, "drain-timeout": c.DrainTimeout, "handover-timeout": c.HandOverTimeout,
	} {
		if d <= 0 || d > time.Hour {
			say(setting, "must be over 0 and at most 1h")
		}
	}
	if c.ClockConfirm <= 0 || c.ClockConfirm > maxClockConfirm {
		say("clock-confirm", "must be over 0 and at most 30d")
	}
}

// oneLine reports whether a value can be shown, and written to a file, unchanged. It must be UTF-8 without
// control characters or line ends.
func oneLine(value string) bool {
	return utf8.ValidString(value) && !strings.ContainsFunc(value, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff'
	})
}

// never reports whether a schedule disables its job.
func never(spec string) bool { return spec == "" || spec == "off" }

// policySetting returns the name of the setting that the error of a policy is about, and what is wrong with it.
func policySetting(policy string, err error) (setting, why string) {
	var known *sigil.Error
	if !errors.As(err, &known) {
		return "policy", err.Error()
	}
	switch known.Field {
	case "rate", "period":
		return "decay-" + known.Field, known.Detail
	case "threshold":
		if policy == "power" || policy == "fsrs" {
			return "retrievability", known.Detail
		}
		return known.Field, known.Detail
	case "half-life", "stability", "grace", "floor", "active":
		return known.Field, known.Detail
	case "exponent":
		return "decay-exponent", known.Detail
	}
	return "policy", "the " + known.Field + " that follows from its figures " + known.Detail
}

// checkAddr returns what is wrong with addr, or "".
func checkAddr(addr string, insecure bool) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Sprintf("%q is not host:port", addr)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Sprintf("%q is not a port: it can be 0 to 65535", port)
	}
	if !insecure && !loopback(host) {
		return fmt.Sprintf("%q can be reached from other machines, without authentication: anyone who connects "+
			"could read and forget every memory. Listen on 127.0.0.1, behind a proxy that authenticates if necessary, "+
			"or accept that with --insecure", addr)
	}
	return ""
}

// loopback reports whether host is reachable only from this machine. It is false for names other than
// localhost, since we do not control their addresses.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
