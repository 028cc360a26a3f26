create table blocked_ranges (
  id uuid primary key,
  range cidr not null,
  reason text not null,
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  -- A range that was taken off stays for a while, for followers that have not heard of it.
  removed_at timestamptz,
  -- Of the last change.
  revision bigint not null
);

create index on blocked_ranges (revision);
create index on blocked_ranges (expires_at) where removed_at is null;

-- Whoever changes the list holds this row until its transaction ends: a reader that sees a revision sees all before it.
create table blocklist_head (
  epoch uuid not null,
  revision bigint not null,
  -- Changes up to this revision may not be there any more.
  forgotten bigint not null
);
insert into blocklist_head values (gen_random_uuid(), 0, 0);
