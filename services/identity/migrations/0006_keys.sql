-- Keys for programs: of an account, or of a service.
create table keys (
  id uuid primary key,
  -- Null: a service's, which acts under the key's name.
  account_id uuid references accounts on delete cascade,
  name text not null,
  -- SHA-256. Keys have 256 random bits, so a plain hash can't be turned back.
  token_hash bytea not null unique,
  -- The first characters, to tell keys apart.
  prefix text not null,
  scopes text[] not null,
  created_at timestamptz not null default now(),
  -- To the hour.
  last_used_at timestamptz,
  expires_at timestamptz
);

create index on keys (account_id, id);
create index on keys (expires_at);
create unique index on keys (name) where account_id is null;
