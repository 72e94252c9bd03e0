-- +goose Up
-- claims are who works under a name, until when, and how far that came.
create table sigil.claims (
  name text primary key,
  position bigint not null default 0,
  owner uuid not null,
  until timestamptz not null
);
