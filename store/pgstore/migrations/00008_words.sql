-- +goose Up
-- words has what is searched of each memory. It is derived from memories, in a table of its own: a recall writes the row
-- of its memory anew, and would else write all index entries of its words anew, too.
create table sigil.words (
  tenant text collate "C" not null,
  id uuid not null,
  length integer not null, -- how many words count for rank
  terms text collate "C" not null, -- distinct, with the character 6 between them
  counts bytea not null, -- how often the memory has each of them, a byte each; 255 is 255 or more
  primary key (tenant, id)
) partition by hash (tenant);

create index words_terms on sigil.words using gin (array_to_tsvector(string_to_array(terms, E'\x06'))) with (gin_pending_list_limit = 1024);

create table sigil.words_0 partition of sigil.words for values with (modulus 8, remainder 0);
create table sigil.words_1 partition of sigil.words for values with (modulus 8, remainder 1);
create table sigil.words_2 partition of sigil.words for values with (modulus 8, remainder 2);
create table sigil.words_3 partition of sigil.words for values with (modulus 8, remainder 3);
create table sigil.words_4 partition of sigil.words for values with (modulus 8, remainder 4);
create table sigil.words_5 partition of sigil.words for values with (modulus 8, remainder 5);
create table sigil.words_6 partition of sigil.words for values with (modulus 8, remainder 6);
create table sigil.words_7 partition of sigil.words for values with (modulus 8, remainder 7);

-- searched has one row: the version of the analyzer and the settings that made all rows of words.
create table sigil.searched (
  one boolean primary key default true check (one),
  settings text not null
);

-- words counts the rows of words of the tenant. Unless it is memories, some are still to be made.
alter table sigil.tenants add column words bigint not null default 0;
