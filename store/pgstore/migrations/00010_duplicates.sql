-- +goose Up
-- It finds the memories of a tenant with one content, by id. Eight bytes of the hash leave nothing but them in practice, and
-- make the index half as large.
create index memories_content on sigil.memories (tenant, substr(hash, 1, 8), id);
