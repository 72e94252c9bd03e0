package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
	"github.com/sigil-dna/sigil/internal/metrics"
	"github.com/sigil-dna/sigil/internal/webhook"
)

// hookBatch is the maximum number of events that a webhook gets at once.
const hookBatch = 100

// startWebhook delivers the journal to the webhook, if one is set.
func (d *Daemon) startWebhook(e *engine.Engine, m *metrics.Metrics) error {
	if d.config.Webhook == "" {
		return nil
	}
	if d.secret == nil { // otherwise a hand-over was aborted; a missing file must not make that fail
		secret, err := readSecret(d.config.WebhookSecretFile)
		if err != nil {
			return err
		}
		d.secret = secret
	}
	hook := webhook.New(e, webhook.Options{
		URL: d.config.Webhook, Tenant: d.config.WebhookTenant, Secret: d.secret, Version: d.version,
		Epoch: e.Epoch(), Body: shape.Delivery, Batch: min(hookBatch, d.config.MaxPage), Logger: d.log, Delivered: m.Delivered, Failed: m.Undelivered,
	})
	m.Webhook(hook.Lag)
	hook.Start()
	d.core = append(d.core, part{"webhook", func(ctx context.Context) error { return hook.Stop(ctx) }})
	return nil
}

// checkWebhook calls say for every invalid setting of the webhook.
func (c *Config) checkWebhook(say func(setting, why string)) {
	if c.Webhook != "" {
		// The messages do not repeat the URL, which may contain a password.
		switch u, err := url.Parse(c.Webhook); {
		case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
			say("webhook", "is not an http:// or https:// URL")
		case u.User != nil:
			say("webhook", "must not have a user or password: the signature authenticates the sender")
		case u.Fragment != "":
			say("webhook", "must not have a fragment: it would not be sent")
		}
		if c.WebhookSecretFile == "" {
			say("webhook-secret-file", "is needed with --webhook: without it receivers could not authenticate the sender")
		}
	}
	if err := sigil.CheckTenant(c.WebhookTenant); err != nil {
		why := err.Error()
		var known *sigil.Error
		if errors.As(err, &known) {
			why = known.Detail
		}
		say("webhook-tenant", why)
	}
}

// minSecret is the minimum length of the secret, in bytes.
const minSecret = 16

// readSecret reads the secret of a webhook. Its errors do not reveal the secret.
func readSecret(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	secret := bytes.TrimSuffix(text, []byte("\n"))
	if len(secret) < minSecret {
		return nil, fmt.Errorf("%s: must hold a secret of at least %d bytes", file, minSecret)
	}
	return secret, nil
}
