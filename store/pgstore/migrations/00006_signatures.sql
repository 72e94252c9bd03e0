-- +goose Up
-- signatures are of code: who signed which body. A row is never deleted.
create table sigil.signatures (
  tenant text collate "C" not null,
  id uuid not null, -- made by the signer
  body bytea not null, -- its SHA-256
  signer bigint not null, -- the id of the key, as a signed number
  registered_at timestamptz not null,
  revoked_at timestamptz not null, -- infinity: it is not
  reason text not null,
  statement bytea not null, -- as the engine keeps it
  primary key (tenant, id)
);
create index signatures_body on sigil.signatures (tenant, body, id);
create index signatures_signer on sigil.signatures (tenant, signer, id);

alter table sigil.tenants add column signatures bigint not null default 0;
