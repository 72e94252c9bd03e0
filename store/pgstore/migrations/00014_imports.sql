-- +goose Up
-- Nothing changes but the version: journal entries may have the reason "import", which older programs cannot read.
select 1;
