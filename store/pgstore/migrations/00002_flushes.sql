-- +goose Up
-- flushes says how far each process has come with writing what recalls changed: a step whose answer was lost is
-- sent again under its number, and is not counted twice.
create table sigil.flushes (
  process uuid primary key,
  number bigint not null,
  at timestamptz not null
) with (fillfactor = 10);
