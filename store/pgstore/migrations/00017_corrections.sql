-- +goose Up
-- supersedes is the memory that this one corrects. That one is in removed, too, and superseded_by is this one. Nothing restores
-- or purges it alone, and no count of tenants has it.
alter table sigil.memories add column supersedes uuid;
alter table sigil.removed add column supersedes uuid;
alter table sigil.removals add column superseded_by uuid;
create unique index removals_by on sigil.removals (tenant, superseded_by) where superseded_by is not null;
drop index sigil.removals_of, sigil.removals_at;
create index removals_of on sigil.removals (tenant, removed_at, id) where superseded_by is null;
create index removals_at on sigil.removals (removed_at) where superseded_by is null;
