-- +goose Up
-- Nothing changes but the version: journal entries may be of the kind "changed", which older programs cannot read.
select 1;
