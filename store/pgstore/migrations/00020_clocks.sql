-- +goose Up
-- tenant_clocks has the clocks of tenants that stand still while the tenant is not used: when each stops if it is not used before, or
-- infinity, and for how many seconds it had stood still when it was last used.
create table sigil.tenant_clocks (
  tenant text collate "C" not null primary key,
  stops timestamptz not null,
  stood integer not null
);

-- stood is for how many seconds the clock had stood still since the last access, less what it had stood still in all: fades_at is by that clock.
alter table sigil.memories add column stood integer not null default 0;
alter table sigil.removed add column stood integer not null default 0;
