-- +goose Up
-- How many times as slowly as its policy says a memory decays; 0 means 1.
alter table sigil.memories add column stretch double precision not null default 0;
alter table sigil.removed add column stretch double precision not null default 0;
