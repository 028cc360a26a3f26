-- Everything about one account, gathered from every service that holds something of people.
create table exports (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  -- The file; null while parts are missing.
  blob_id text,
  size_bytes bigint,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);

create index on exports (account_id, id);
create index on exports (expires_at);

create table export_parts (
  export_id uuid not null references exports on delete cascade,
  service text not null,
  -- Null until it is there, and again once the file is made.
  content jsonb,
  arrived_at timestamptz,
  primary key (export_id, service)
);

create table erasures (
  id uuid primary key,
  -- Of an account that has no row any more.
  account_id uuid not null unique,
  -- Of identity's own that may have to go.
  blob_ids text[] not null,
  created_at timestamptz not null default now(),
  -- When every service had reported.
  completed_at timestamptz
);

-- Services that have not reported yet.
create table erasure_parts (
  erasure_id uuid not null references erasures on delete cascade,
  service text not null,
  primary key (erasure_id, service)
);
