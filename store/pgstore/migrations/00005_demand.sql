-- +goose Up
-- demand ends a transaction with an SQLSTATE of ours unless a condition holds: so a statement can refuse without
-- a round trip of its own. SG001 is a quota that would be passed, SG002 an answer that is kept already.
-- +goose StatementBegin
create function sigil.demand(condition boolean, state text, otherwise text) returns void
language plpgsql as $$
begin
  if condition is not true then
    raise exception using errcode = state, message = 'sigil: ' || otherwise;
  end if;
end
$$;
-- +goose StatementEnd
