-- +goose Up
-- trimmed is the position up to which the journal is dropped.
alter table sigil.head add column trimmed bigint not null default 0;
