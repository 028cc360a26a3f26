-- Passwords for mail programs, 75 random bits each, kept as SCRAM-SHA-256 has them (RFC 5802 §3).
create table app_passwords (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  name text not null,
  stored_key bytea not null,
  server_key bytea not null,
  created_at timestamptz not null default now(),
  -- To the hour.
  last_used_at timestamptz
);
create index on app_passwords (account_id);
