package daemon

import (
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/clock"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pgstore"
)

// Config has the settings of a daemon. Each field is a setting in flags below, whose help explains it. [Load]
// returns valid ones.
type Config struct {
	Addr     string
	AddrFile string // "" writes none
	Data     string
	Store    string
	Insecure bool
	// AllowedHosts are further host names that requests may use, separated by commas.
	AllowedHosts string
	HTTP         string

	StoreConnections int           // 0 means the setting in the URL of Store, or 16
	StoreWait        time.Duration // 0 means no wait

	Policy      string
	DecayRate   float64
	DecayPeriod time.Duration
	Threshold   float64
	HalfLife    time.Duration

	Stability      time.Duration
	DecayExponent  float64
	Retrievability float64
	Grace          time.Duration
	Floor          float64
	Active         time.Duration

	MaxMemories int
	MaxBytes    int64

	Notice       time.Duration // 0 means no notices
	Undo         time.Duration // 0 means that nothing can be restored
	UndoMemories int
	UndoBytes    int64

	DecaySchedule       string // "" or "off" means never
	CrystallizeSchedule string

	MaxData        int64
	MaxDepth       int
	MaxState       int64
	MaxTags        int
	MaxSignatures  int
	MaxBatch       int
	MaxPage        int
	MaxVersions    int
	MaxPolicies    int
	MaxPageBytes   int64
	MaxBody        int64
	MaxBatchBody   int64
	MaxConnections int
	MaxSubscribers int
	MaxInFlight    int64
	RequestTimeout time.Duration

	ClockConfirm time.Duration

	JournalAge     time.Duration
	JournalEntries int

	BackupDir   string // "" means no backups
	BackupEvery string // "" or "off" means only when asked
	BackupKeep  int    // 0 means all

	Webhook           string // "" means none
	WebhookTenant     string
	WebhookSecretFile string

	Search         string // on or off
	SearchLanguage string
	// SearchExclude has JSON pointers, separated by commas, or "all".
	SearchExclude string
	Meaning       string // built-in or off

	Embedder        string // "" means none
	EmbedderModel   string
	EmbedderKeyFile string // "" sends no key

	CodeKeyFile   string // "" signs nothing
	CodeTrustFile string // "" trusts only the key of CodeKeyFile

	LogLevel        string
	LogFormat       string
	DrainTimeout    time.Duration
	HandOverTimeout time.Duration
}

// live has the settings that SIGHUP applies to a running daemon. All others need a restart; see [Daemon.reloads].
var live = map[string]bool{
	"policy": true, "decay-rate": true, "decay-period": true, "threshold": true, "half-life": true,
	"stability": true, "decay-exponent": true, "retrievability": true, "grace": true, "floor": true, "active": true,
	"max-memories": true, "max-bytes": true, "notice": true, "undo": true, "undo-memories": true, "undo-bytes": true, "journal-age": true, "journal-entries": true, "log-level": true,
}

// flags declares every setting: its name, its default and its help. The name is also the name of the flag and
// the key in a file; the variable of max-body is SIGIL_MAX_BODY. data is the default data folder.
func (c *Config) flags(data string) *pflag.FlagSet {
	f := pflag.NewFlagSet("sigil serve", pflag.ContinueOnError)
	f.SortFlags = false
	undo := engine.DefaultUndo()

	f.StringVar(&c.Addr, "addr", "127.0.0.1:7433", "listen on `host:port`; port 0 chooses a free one")
	f.BoolVar(&c.Insecure, "insecure", false, "allow an --addr that other machines can reach, without authentication")
	f.Var((*hosts)(&c.AllowedHosts), "allowed-host", "also accept requests for this host `name`, for example from a proxy; separate several with commas, or repeat the flag. Without --insecure, only localhost and loopback addresses are accepted by default")
	f.StringVar(&c.HTTP, "http", "lane", "how HTTP is served: `lane|standard`; standard uses only Go's net/http, without the fast lane for plain requests")
	f.StringVar(&c.AddrFile, "addr-file", "", "write the address to `file` once ready to serve; removed at the end")
	f.StringVar(&c.Data, "data", data, "keep everything in `folder`, which is created if missing (with --store pebble)")
	f.StringVar(&c.Store, "store", "pebble", "where memories are kept: pebble, which is embedded, or the postgres:// `URL` of a database that any number of daemons share")
	f.IntVar(&c.StoreConnections, "store-connections", 0, "maximum number of connections to the database of --store, one of which listens; 0 means the pool_max_conns of its URL, or 16")
	durationVar(f, &c.StoreWait, "store-wait", time.Minute, "how long to wait at the start for a database that cannot be reached yet; 0 means no wait")

	f.StringVar(&c.Policy, "policy", "halflife", "how memories fade: `halflife|classic|power|fsrs`; classic is the policy of the system that Sigil replaces: 95 s untouched")
	f.Float64Var(&c.DecayRate, "decay-rate", 0.001, "classic: decay per second, over 0 and at most 1")
	durationVar(f, &c.DecayPeriod, "decay-period", 5*time.Second, "classic: the `time` in which decay grows by one step")
	durationVar(f, &c.HalfLife, "half-life", 168*time.Hour, "halflife: the idle `time` after which half of a memory remains")
	f.Float64Var(&c.Threshold, "threshold", sigil.DefaultThreshold, "halflife and classic: the decay at which a memory fades, over 0 and at most 1")
	durationVar(f, &c.Stability, "stability", 96*time.Hour, "power and fsrs: the idle `time` after which a tenth is forgotten; fsrs: at first, and longer with each well-spaced recall")
	f.Float64Var(&c.DecayExponent, "decay-exponent", 0.5, "power and fsrs: how fast the tail falls, over 0 and at most 1; people have 0.1542, under which memories live very long")
	f.Float64Var(&c.Retrievability, "retrievability", sigil.DefaultRetrievability, "power and fsrs: what is left of a memory when it fades, over 0 and under 1")
	durationVar(f, &c.Grace, "grace", 0, "the idle `time` before which no memory fades, whatever the policy; 0 means none")
	f.Float64Var(&c.Floor, "floor", 0, "what is always left of a memory, from 0 to under 1; if that is as much as is left when it fades, no memory fades by decay")
	durationVar(f, &c.Active, "active", 0, "the `time` without a request after which a tenant's memories stop decaying until it is used again, at least 1m; their ttl goes on; 0 means that they decay all the time")

	f.IntVar(&c.MaxMemories, "max-memories", 0, "maximum number of memories of one tenant; 0 means no limit")
	bytesVar(f, &c.MaxBytes, "max-bytes", 0, "maximum `bytes` of one tenant's data; 0 means no limit")

	durationVar(f, &c.Undo, "undo", undo.Window, "how long memories that faded, were evicted or were forgotten can be restored; 0 means not at all")
	f.IntVar(&c.UndoMemories, "undo-memories", undo.Keep.Memories, "maximum number of removed memories of one tenant that can be restored; those removed first are dropped. 0 means no limit")
	bytesVar(f, &c.UndoBytes, "undo-bytes", undo.Keep.Bytes, "maximum `bytes` of the data of one tenant's removed memories; 0 means no limit")

	durationVar(f, &c.Notice, "notice", 0, "how long before a memory fades the journal, and with it streams and webhooks, has a notice of that, once for each deadline; 0 means no notices")

	f.StringVar(&c.DecaySchedule, "decay-schedule", "*/5 * * * * *", "when to release faded memories: a `cron` schedule with seconds, or off. Its hours are UTC, or local hours if it begins with a zone (TZ=Europe/Zurich). Day of month and day of week must both match. A time that the clocks skip runs right after the gap, a repeated one runs once")
	f.StringVar(&c.CrystallizeSchedule, "crystallize-schedule", "*/10 * * * * *", "when to crystallize patterns: a `cron` schedule like that of --decay-schedule, or off")

	bytesVar(f, &c.MaxData, "max-data", 1<<20, "maximum `bytes` of one memory's data")
	f.IntVar(&c.MaxDepth, "max-depth", 64, "maximum levels of nesting in data")
	bytesVar(f, &c.MaxState, "max-state", 4<<10, "maximum `bytes` of the further keys of one memory's state")
	f.IntVar(&c.MaxTags, "max-tags", 32, "maximum number of tags of one memory")
	f.IntVar(&c.MaxSignatures, "max-signatures", 1_000_000, "maximum number of signatures of code that one tenant can register; none is ever removed")
	f.IntVar(&c.MaxBatch, "max-batch", 10_000, "maximum number of memories in one batch")
	f.IntVar(&c.MaxPage, "max-page", 1_000, "maximum number of entries in one page")
	f.IntVar(&c.MaxVersions, "max-versions", 1_000, "maximum number of superseded versions that are kept of a memory that was corrected; a correction over that drops the oldest ones")
	f.IntVar(&c.MaxPolicies, "max-policies", 256, "maximum number of different policies that encodes may give to memories of one tenant, from the start of the daemon on")
	bytesVar(f, &c.MaxPageBytes, "max-page-bytes", 8<<20, "maximum `bytes` of data in one page, which ends early if necessary, and in one answer to a recall of many memories")
	bytesVar(f, &c.MaxBody, "max-body", 0, "maximum `bytes` of one request, unless it is a batch; 0 means --max-data plus 64KiB for the rest")
	bytesVar(f, &c.MaxBatchBody, "max-batch-body", 64<<20, "maximum `bytes` of one batch")
	bytesVar(f, &c.MaxInFlight, "max-in-flight", 256<<20, "maximum `bytes` of all requests, and of the memories in their answers, at once; further requests wait, and are refused after 5s")
	f.IntVar(&c.MaxConnections, "max-connections", 10_000, "maximum number of connections at once, within the limit of open files; at most half of them may be streams. Further connections wait, and idle ones are closed for them")
	durationVar(f, &c.RequestTimeout, "request-timeout", time.Minute, "the `time` that a request may take once all of it has arrived; a sweep may take five times as long")
	f.IntVar(&c.MaxSubscribers, "max-subscribers", 1_000, "maximum number of subscribers of the journal at once; further ones are refused")

	durationVar(f, &c.ClockConfirm, "clock-confirm", clock.DefaultConfirm, "how long a jump of the clock must last before it counts, unless sigil clock confirm is run; sweeps are held until then")

	durationVar(f, &c.JournalAge, "journal-age", 720*time.Hour, "how long journal entries are kept; 0 means forever")
	f.IntVar(&c.JournalEntries, "journal-entries", 0, "maximum number of journal entries that are kept, of all tenants together, about 80 bytes each; 0 means no limit")

	f.StringVar(&c.BackupDir, "backup-dir", "", "make backups of the embedded store in `folder`, when asked (sigil backup) and on a schedule; created if missing")
	f.StringVar(&c.BackupEvery, "backup-every", "off", "when to make a backup in --backup-dir: a `cron` schedule like that of --decay-schedule, or off")
	f.IntVar(&c.BackupKeep, "backup-keep", 7, "how many backups of this store are kept in --backup-dir; older ones are removed after each backup; 0 means all")

	f.StringVar(&c.Webhook, "webhook", "", "send each journal entry of --webhook-tenant to this `URL`, signed, at least once, in order")
	f.StringVar(&c.WebhookTenant, "webhook-tenant", sigil.DefaultTenant, "the `tenant` whose journal is sent to --webhook")
	f.StringVar(&c.WebhookSecretFile, "webhook-secret-file", "", "the `file` with the secret that signs requests to --webhook: at least 16 bytes, optionally followed by a newline")

	f.StringVar(&c.Search, "search", "on", "whether memories can be searched: `on|off`; off needs no memory for an index")
	f.StringVar(&c.Meaning, "meaning", "built-in", "whether memories are also found by what their words mean: `built-in|off`, by the vectors of words in the program")
	f.StringVar(&c.SearchLanguage, "search-language", "en", "the `language` whose words are found in all their forms: "+strings.Join(store.SearchLanguages(), ", "))
	f.Var((*pointers)(&c.SearchExclude), "search-exclude", "do not search the part of the data at this JSON `pointer`, such as /payload/raw, or any of the data, but only tags: all. Separate several with commas, or repeat the flag")
	f.StringVar(&c.Embedder, "embedder", "", "have vectors made by the endpoint at this `URL`, which answers POST /v1/embeddings as OpenAI, Ollama, llama.cpp and vLLM do, instead of by the vectors of words in the program")
	f.StringVar(&c.EmbedderModel, "embedder-model", "", "the `model` that --embedder is asked for; if it changes, all vectors are made anew, while words are searched")
	f.StringVar(&c.EmbedderKeyFile, "embedder-key-file", "", "the `file` with the key that is sent to --embedder as a bearer token; without it none is sent")

	f.StringVar(&c.CodeKeyFile, "code-key", "", "sign code for whoever asks (POST /v1/code:sign) with the secret key in `file`, as sigil keygen makes it without a password")
	f.StringVar(&c.CodeTrustFile, "code-trust", "", "the trust `file` with the keys whose signatures POST /v1/code:verify accepts, besides that of --code-key, and those that it does not")

	f.StringVar(&c.LogLevel, "log-level", "info", "minimum level of log lines: `debug|info|warn|error`")
	f.StringVar(&c.LogFormat, "log-format", "text", "format of the log: `text|json`")
	durationVar(f, &c.DrainTimeout, "drain-timeout", 30*time.Second, "how long requests in progress may take to finish when the daemon stops")
	durationVar(f, &c.HandOverTimeout, "handover-timeout", 30*time.Second, "how long each step of a hand-over may take before this process gives up and continues to serve")
	return f
}

// policy returns the policy that the settings define.
func (c *Config) policy() (sigil.Policy, error) {
	var p sigil.Policy
	var err error
	switch c.Policy {
	case "halflife":
		p, err = sigil.NewHalfLife(c.HalfLife, c.Threshold)
	case "power":
		p, err = sigil.NewPower(c.Stability, c.DecayExponent, c.Retrievability)
	case "fsrs":
		p, err = sigil.NewFSRS(c.Stability, c.DecayExponent, c.Retrievability)
	default:
		p, err = sigil.NewClassic(c.DecayRate, c.DecayPeriod, c.Threshold)
	}
	if err != nil {
		return nil, err
	}
	if p, err = sigil.NewBounded(p, c.Grace, c.Floor); err != nil {
		return nil, err
	}
	return sigil.WithActive(p, c.Active)
}

// settings returns the engine's settings.
func (c *Config) settings() (engine.Settings, error) {
	policy, err := c.policy()
	return engine.Settings{
		Policy: policy, Quota: store.Quota{Memories: c.MaxMemories, Bytes: c.MaxBytes},
		Retention: engine.Retention{Age: c.JournalAge, Entries: uint64(c.JournalEntries)},
		Notice:    c.Notice,
		Undo:      engine.Undo{Window: c.Undo, Keep: store.Quota{Memories: c.UndoMemories, Bytes: c.UndoBytes}},
	}, err
}

// search returns what of a memory is searched.
func (c *Config) search() store.SearchSettings {
	s := store.SearchSettings{Off: c.Search == "off", Language: c.SearchLanguage}
	if c.Meaning == "off" {
		s.Meaning = store.MeaningOff
	}
	for pointer := range strings.SplitSeq(c.SearchExclude, ",") {
		switch pointer {
		case "":
		case "all":
			s.Exclude = append(s.Exclude, "")
		default:
			s.Exclude = append(s.Exclude, pointer)
		}
	}
	if c.Embedder != "" && s.Meaning != store.MeaningOff {
		s.Meaning = store.MeaningEndpoint
	}
	return s
}

// limits returns the engine's limits.
func (c *Config) limits() engine.Limits {
	return engine.Limits{
		Data: int(c.MaxData), Depth: c.MaxDepth, State: int(c.MaxState), Tags: c.MaxTags,
		Batch: c.MaxBatch, Page: c.MaxPage, Versions: c.MaxVersions, Policies: c.MaxPolicies, PageBytes: c.MaxPageBytes, Signatures: c.MaxSignatures,
	}
}

// level returns the log level, or info if it is invalid.
func (c *Config) level() slog.Level {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // Load has checked it
	return level
}

// postgres reports whether memories are kept in a database.
func (c *Config) postgres() bool { return isPostgres(c.Store) }

// databaseConnections returns the maximum number of connections to PostgreSQL, or 0 if memories are kept in a
// folder.
func (c *Config) databaseConnections() int {
	if !c.postgres() {
		return 0
	}
	return pgstore.MaxConns(c.Store, c.StoreConnections)
}

// isPostgres reports whether a store's name is the URL of a database.
func isPostgres(name string) bool {
	return strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://")
}

// place returns the name of the store, without the password.
func (c *Config) place() (string, error) {
	if c.postgres() {
		return shownStore(c.Store), nil
	}
	return filepath.Abs(c.Data)
}

// shownStore returns the value of --store without its password.
func shownStore(store string) string {
	u, err := url.Parse(store)
	if err != nil {
		return "an invalid URL"
	}
	q := u.Query()
	if q.Has("password") {
		q.Set("password", "xxxxx")
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}
