-- +goose Up
-- vectors has the vectors that are made of texts. It is derived from memories. own_vectors has those that callers gave with
-- their memories.
create table sigil.vectors (
  tenant text collate "C" not null,
  id uuid not null,
  signs bit varying not null, -- a bit for each dimension: whether the figure is over 0
  codes bytea not null, -- a signed byte for each dimension; none: the text has no vector
  primary key (tenant, id)
) partition by hash (tenant);
create table sigil.own_vectors (
  tenant text collate "C" not null,
  id uuid not null,
  signs bit varying not null,
  codes bytea not null,
  primary key (tenant, id)
) partition by hash (tenant);
-- They cannot be compressed.
alter table sigil.vectors alter column codes set storage external, alter column signs set storage external;
alter table sigil.own_vectors alter column codes set storage external, alter column signs set storage external;

create table sigil.vectors_0 partition of sigil.vectors for values with (modulus 8, remainder 0);
create table sigil.vectors_1 partition of sigil.vectors for values with (modulus 8, remainder 1);
create table sigil.vectors_2 partition of sigil.vectors for values with (modulus 8, remainder 2);
create table sigil.vectors_3 partition of sigil.vectors for values with (modulus 8, remainder 3);
create table sigil.vectors_4 partition of sigil.vectors for values with (modulus 8, remainder 4);
create table sigil.vectors_5 partition of sigil.vectors for values with (modulus 8, remainder 5);
create table sigil.vectors_6 partition of sigil.vectors for values with (modulus 8, remainder 6);
create table sigil.vectors_7 partition of sigil.vectors for values with (modulus 8, remainder 7);
create table sigil.own_vectors_0 partition of sigil.own_vectors for values with (modulus 8, remainder 0);
create table sigil.own_vectors_1 partition of sigil.own_vectors for values with (modulus 8, remainder 1);
create table sigil.own_vectors_2 partition of sigil.own_vectors for values with (modulus 8, remainder 2);
create table sigil.own_vectors_3 partition of sigil.own_vectors for values with (modulus 8, remainder 3);
create table sigil.own_vectors_4 partition of sigil.own_vectors for values with (modulus 8, remainder 4);
create table sigil.own_vectors_5 partition of sigil.own_vectors for values with (modulus 8, remainder 5);
create table sigil.own_vectors_6 partition of sigil.own_vectors for values with (modulus 8, remainder 6);
create table sigil.own_vectors_7 partition of sigil.own_vectors for values with (modulus 8, remainder 7);

-- model is what made all rows of vectors; empty if none has been used yet.
alter table sigil.searched add column model text not null default '';

-- vectors counts the rows of vectors of the tenant. Unless it is memories, some are still to be made.
alter table sigil.tenants add column vectors bigint not null default 0;
