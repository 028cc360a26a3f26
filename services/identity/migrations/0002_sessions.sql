-- A session that has ended has no row.
create table sessions (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  -- SHA-256. Tokens have 256 random bits, so a plain hash can't be turned back.
  token_hash bytea not null unique,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);

create index on sessions (account_id);
create index on sessions (expires_at);

-- What gateways have to forget, kept long enough for those that were away.
create table revocations (
  sequence bigint primary key,
  account_id uuid not null,
  -- Null: every session of the account.
  session_id uuid,
  created_at timestamptz not null default now()
);

-- The last sequence. Whoever revokes holds this row until its transaction ends, so that sequences are contiguous and
-- a reader that sees one sees all before it.
create table revocation_head (
  sequence bigint not null
);
insert into revocation_head values (0);
