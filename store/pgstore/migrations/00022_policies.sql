-- +goose Up
-- tenant_policies has the policies that tenants have of their own. policy is empty if the tenant has none any more, and restamping is
-- set until its memories are under the policy that it has.
create table sigil.tenant_policies (
  tenant text collate "C" not null primary key,
  policy text not null,
  since timestamptz not null,
  restamping boolean not null
);
