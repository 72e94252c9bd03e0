-- +goose Up
-- Every key leads with the tenant, so that a tenant's rows are in one partition and can be on one node.
-- Times are whole milliseconds; 'infinity' is never.

-- head has one row: which store this is, and the position of its newest journal entry. A commit that
-- journals takes its positions by updating it last, so that they become visible in their order and
-- without a gap.
create table sigil.head (
  one boolean primary key default true check (one),
  store uuid not null,
  created_at timestamptz not null,
  position bigint not null default 0
) with (fillfactor = 10);

-- policies numbers the policies that memories fade under. A number never changes its meaning.
create table sigil.policies (
  number smallint primary key,
  policy text not null unique
);

-- tenants counts what memories holds of each tenant, due or not. Its row is also where inserts of a
-- tenant under a quota, and its crystallizations, take turns.
create table sigil.tenants (
  tenant text collate "C" primary key,
  memories bigint not null default 0,
  bytes bigint not null default 0,
  crystallized bigint not null default 0 -- grows with each change of the tenant's crystals
) with (fillfactor = 50);

create table sigil.memories (
  tenant text collate "C" not null,
  id uuid not null,
  created_at timestamptz not null,
  last_accessed timestamptz not null,
  fades_at timestamptz not null,
  ttl bigint not null, -- milliseconds after created_at; 0 is none
  access_count bigint not null,
  potential double precision not null,
  frequency smallint not null,
  size integer not null,
  policy smallint not null,
  pinned boolean not null,
  crystallized boolean not null,
  revision integer not null default 0, -- grows with each pin and unpin: what recalls changed before is older
  hash bytea not null,
  state text not null, -- JSON, or empty: 0.5 for each figure
  tags text not null,  -- a JSON array, or empty
  data text not null,  -- JSON, as it was sent
  primary key (tenant, id)
) partition by hash (tenant);

create index memories_fade on sigil.memories (tenant, fades_at, id);
create index memories_near on sigil.memories (tenant, frequency, id);

create table sigil.crystals (
  tenant text collate "C" not null,
  pattern smallint not null,
  members bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  stability double precision not null,
  frequency double precision not null,
  primary key (tenant, pattern)
);

-- A block holds what one commit journaled of one tenant, in the binary form of package record.
create table sigil.journal (
  tenant text collate "C" not null,
  last bigint not null,    -- position of its last entry
  base bigint not null,    -- position from which its entries are counted
  entries integer not null,
  at timestamptz not null, -- time of its last entry
  block bytea not null,
  primary key (tenant, last)
) partition by hash (tenant);

create table sigil.answers (
  tenant text collate "C" not null,
  key text collate "C" not null,
  ends timestamptz not null,
  answer bytea not null,
  primary key (tenant, key)
);
create index answers_ends on sigil.answers (ends);

create table sigil.memories_0 partition of sigil.memories for values with (modulus 8, remainder 0);
create table sigil.memories_1 partition of sigil.memories for values with (modulus 8, remainder 1);
create table sigil.memories_2 partition of sigil.memories for values with (modulus 8, remainder 2);
create table sigil.memories_3 partition of sigil.memories for values with (modulus 8, remainder 3);
create table sigil.memories_4 partition of sigil.memories for values with (modulus 8, remainder 4);
create table sigil.memories_5 partition of sigil.memories for values with (modulus 8, remainder 5);
create table sigil.memories_6 partition of sigil.memories for values with (modulus 8, remainder 6);
create table sigil.memories_7 partition of sigil.memories for values with (modulus 8, remainder 7);

create table sigil.journal_0 partition of sigil.journal for values with (modulus 8, remainder 0);
create table sigil.journal_1 partition of sigil.journal for values with (modulus 8, remainder 1);
create table sigil.journal_2 partition of sigil.journal for values with (modulus 8, remainder 2);
create table sigil.journal_3 partition of sigil.journal for values with (modulus 8, remainder 3);
create table sigil.journal_4 partition of sigil.journal for values with (modulus 8, remainder 4);
create table sigil.journal_5 partition of sigil.journal for values with (modulus 8, remainder 5);
create table sigil.journal_6 partition of sigil.journal for values with (modulus 8, remainder 6);
create table sigil.journal_7 partition of sigil.journal for values with (modulus 8, remainder 7);

