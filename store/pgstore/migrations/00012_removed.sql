-- +goose Up
-- removed has memories that were removed and can be restored, with the vectors that their callers gave.
create table sigil.removed (
  tenant text collate "C" not null,
  id uuid not null,
  created_at timestamptz not null,
  last_accessed timestamptz not null,
  fades_at timestamptz not null,
  ttl bigint not null,
  access_count bigint not null,
  potential double precision not null,
  frequency smallint not null,
  size integer not null,
  policy smallint not null,
  pinned boolean not null,
  crystallized boolean not null,
  revision integer not null,
  hash bytea not null,
  state text not null,
  tags text not null,
  data text not null,
  signs bit varying, -- null if the caller gave no vector
  codes bytea,
  primary key (tenant, id)
);
alter table sigil.removed alter column codes set storage external, alter column signs set storage external;

-- removals has how each of them was removed. It is a table of its own because positions are known only at the end of a
-- commit, when rows with contents are already written.
create table sigil.removals (
  tenant text collate "C" not null,
  id uuid not null,
  removed_at timestamptz not null,
  kind text not null,
  reason text not null,
  size integer not null,
  position bigint not null,
  primary key (tenant, id)
);
create index removals_of on sigil.removals (tenant, removed_at, id);
create index removals_at on sigil.removals (removed_at);

-- removed and removed_bytes count the rows of removals of the tenant.
alter table sigil.tenants add column removed bigint not null default 0, add column removed_bytes bigint not null default 0;
create index tenants_removed on sigil.tenants (tenant) where removed > 0;
