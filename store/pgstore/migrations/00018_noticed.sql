-- +goose Up
-- noticed is the deadline that the journal has a notice of; any other value than fades_at means that there is none.
alter table sigil.memories add column noticed timestamptz not null default '-infinity';
alter table sigil.removed add column noticed timestamptz not null default '-infinity';
-- It finds the memories of all tenants that have a deadline and no notice of it. What is noticed leaves it, so that a search for
-- notices costs what it finds.
create index memories_unnoticed on sigil.memories (fades_at) where noticed <> fades_at and fades_at < 'infinity';
