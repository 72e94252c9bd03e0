-- +goose Up
-- signer has one row, once a receipt was signed: the seed of the store's signing key (Ed25519). Journal entries may name a memory
-- without its figures, which older programs cannot read.
create table sigil.signer (
  one boolean primary key default true check (one),
  seed bytea not null
);
