-- +goose Up
-- epoch identifies the store since it was last restored from a copy, and origin the place where it was when that was found out.
-- A daemon that opens the store elsewhere makes another epoch. An operator can ask for one: set origin to ''.
alter table sigil.head add column epoch uuid, add column origin text;
