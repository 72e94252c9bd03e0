-- +goose Up
-- links is the chain of the journal. Each commit that journals adds the SHA-256 of the link before, the position of its last
-- entry and the hashes of its entries. It begins with zeros, at the position that is the newest now.
create table sigil.links (
  position bigint primary key, -- of the last entry of the commit
  link bytea not null
);

-- link is that of position.
alter table sigil.head add column link bytea not null default '\x0000000000000000000000000000000000000000000000000000000000000000';
insert into sigil.links (position, link) select position, link from sigil.head;
