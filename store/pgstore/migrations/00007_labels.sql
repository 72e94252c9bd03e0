-- +goose Up
-- labels are a memory's tags as the index of memories by tag has them: each as it is spelt in the JSON of tags,
-- without its quotes, after the tenant and a quote, which is in neither. A quote within a tag is escaped there, so
-- "," is only between two tags.
-- +goose StatementBegin
create function sigil.labels(tenant text, tags text) returns text[]
language sql immutable parallel safe as $$
  select string_to_array(tenant || '"' || replace(substr(tags, 3, length(tags) - 4), '","', '","' || tenant || '"'), '","')
$$;
-- +goose StatementEnd
-- Without fastupdate, so that no reader has to look through a list of what is not in the index yet.
create index memories_tags on sigil.memories using gin (sigil.labels(tenant, tags)) with (fastupdate = off) where tags <> '';
