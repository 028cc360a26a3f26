-- One row. Every change of the table below first takes the next revision here, so that changes come one after the other.
create table head (
  is_only boolean primary key default true check (is_only),
  epoch uuid not null default gen_random_uuid(),
  epoch_began_at timestamptz not null default now(),
  revision bigint not null default 0,
  -- Removals up to this revision are not told apart from rows that never were.
  forgotten_revision bigint not null default 0
);
insert into head default values;

-- A registry that runs, or has run.
create table registries (
  id uuid primary key,
  -- Since when it has seen this database without a break.
  since timestamptz not null default now(),
  seen_at timestamptz not null default now()
);

create table instances (
  id uuid primary key,
  -- Of its last change.
  revision bigint not null,
  -- [{name, roles}]
  services jsonb not null,
  address text not null,
  version text not null,
  state text not null check (state in ('starting', 'ready', 'draining')),
  is_down boolean not null default false,
  -- Of services that speak HTTP.
  path_prefix text,
  health_path text,
  -- Which of these three keeps it: a registry that holds its lease open, renewals, the static file.
  holder_id uuid references registries,
  lease_seconds int,
  is_from_file boolean not null default false,
  renewed_at timestamptz not null default now(),
  registered_at timestamptz not null default now(),
  -- Kept for a while, so that everyone is told and the id does not come back.
  removed_at timestamptz
);
create index on instances (revision);
create index on instances (address) where removed_at is null;

create table weights (
  service text not null,
  version text not null,
  weight int not null,
  primary key (service, version)
);
