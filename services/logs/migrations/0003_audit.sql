create table audit_entries (
  sequence bigint primary key,
  time timestamptz not null,
  service text not null,
  actor text not null,
  action text not null,
  subject text not null,
  details json not null,
  -- SHA-256 over the hash of the entry before and the canonical JSON of this one; see audit-chain.ts.
  hash bytea not null
);

create index on audit_entries (actor, sequence);
create index on audit_entries (subject, sequence);

-- The last entry. Appending locks the row, so that sequences have no gaps; entries cut off the end are missed.
create table audit_head (
  is_only boolean primary key default true check (is_only),
  sequence bigint not null,
  hash bytea not null
);

insert into audit_head (sequence, hash) values (0, decode(repeat('00', 32), 'hex'));

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'audit entries are never changed';
end $$;

create trigger append_only before update or delete or truncate on audit_entries
  for each statement execute function refuse_change();

create trigger append_only before delete or truncate on audit_head
  for each statement execute function refuse_change();
