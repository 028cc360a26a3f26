-- Tables that are pushed to every gateway. Whoever changes one holds its row here until the transaction ends: a reader
-- that sees a revision sees all before it.
create table pushed_tables (
  name text primary key,
  epoch uuid not null,
  revision bigint not null,
  -- Changes up to this revision may not be there any more.
  forgotten bigint not null
);
insert into pushed_tables select 'blocked_ranges', epoch, revision, forgotten from blocklist_head;
insert into pushed_tables
  values ('offenders', gen_random_uuid(), 0, 0), ('policies', gen_random_uuid(), 0, 0);
drop table blocklist_head;

-- Spam addresses, as gateways have reported them.
create table offenders (
  id uuid primary key,
  -- An IPv4 address, or the /64 of an IPv6 one.
  address text not null,
  state text not null check (state in ('slowed', 'blocked')),
  until timestamptz not null,
  created_at timestamptz not null default now(),
  -- One that was pardoned, or whose time is over, stays for a while, for followers that have not heard of it.
  removed_at timestamptz,
  -- Of the last change.
  revision bigint not null
);

create unique index on offenders (address) where removed_at is null;
create index on offenders (revision);
create index on offenders (until) where removed_at is null;

create table policies (
  -- Name of the setting that it replaces.
  id text primary key,
  -- `100/15m` or `none`. Null: the setting counts again; a row never goes, as followers take no removed id back.
  rate text,
  revision bigint not null
);
