-- +goose Up
-- tenant_policies has the policies that tenants have of their own. policy is empty if the tenant has none any more, and restamping is
-- set until its memories are under the policy that it has.
create table sigil.tenant_policies (
  tenant text collate "C" not null primary key,
  policy text not null,
  since timestamptz not null,
  restamping boolean not null
);

-- own_policy is set if a memory's policy is its own.
alter table sigil.memories add column own_policy boolean not null default false;
alter table sigil.removed add column own_policy boolean not null default false;
