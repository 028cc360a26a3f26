alter table sessions
  -- Null: an app's, which shows access tokens instead.
  alter column token_hash drop not null,
  add column client text not null default 'browser' check (client in ('browser', 'app')),
  -- `Chrome on Windows`.
  add column device text not null default '',
  add column address text not null default '',
  -- ISO 3166-1 alpha-2.
  add column country text,
  -- When its owner last proved who he is.
  add column authenticated_at timestamptz not null default now(),
  -- To the hour.
  add column last_used_at timestamptz not null default now();

-- Of apps. Used ones are kept, so that a second use shows.
create table refresh_tokens (
  -- SHA-256.
  token_hash bytea primary key,
  session_id uuid not null references sessions on delete cascade,
  created_at timestamptz not null default now(),
  used_at timestamptz
);

create index on refresh_tokens (session_id);
create index on refresh_tokens (used_at);

-- Of access tokens: Ed25519.
create table signing_keys (
  id text primary key,
  -- JWK, RFC 8037 §2.
  public_key jsonb not null,
  sealed_private_key bytea not null,
  created_at timestamptz not null default now(),
  -- It signs nothing more; what it signed counts until its time is over.
  retired_at timestamptz
);

create unique index on signing_keys ((true)) where retired_at is null;

-- Browsers in which somebody signed in before.
create table known_devices (
  account_id uuid not null references accounts on delete cascade,
  -- SHA-256.
  token_hash bytea not null,
  created_at timestamptz not null default now(),
  last_used_at timestamptz not null default now(),
  primary key (account_id, token_hash)
);

create index on known_devices (token_hash);

-- Wrong passwords from devices that are not known, and wrong second factors, by the hour.
create table sign_in_failures (
  account_id uuid not null references accounts on delete cascade,
  hour timestamptz not null,
  passwords int not null default 0,
  factors int not null default 0,
  primary key (account_id, hour)
);

create index on sign_in_failures (hour);

create table totp_secrets (
  account_id uuid primary key references accounts on delete cascade,
  -- Null until a code of it was confirmed.
  sealed_secret bytea,
  -- One that is not confirmed yet.
  sealed_candidate bytea,
  since timestamptz,
  -- RFC 6238 §5.2: a code is good once. The last step of which one was taken.
  last_step bigint
);

create table passkeys (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  -- base64url.
  credential_id text not null unique,
  -- COSE_Key, RFC 9052 §7.
  public_key bytea not null,
  -- WebAuthn Level 3 §6.1.1; 0 where the authenticator has none.
  counter bigint not null,
  transports text[] not null,
  name text not null,
  is_synced boolean not null,
  created_at timestamptz not null default now(),
  last_used_at timestamptz
);

create index on passkeys (account_id);

create table recovery_codes (
  account_id uuid not null references accounts on delete cascade,
  -- HMAC.
  code_hash bytea not null,
  primary key (account_id, code_hash)
);

-- Between the two halves of a sign-in, or between a challenge and the passkey's answer.
create table tickets (
  -- SHA-256.
  token_hash bytea primary key,
  purpose text not null check (purpose in ('login', 'passkeyLogin', 'addPasskey', 'confirm')),
  -- Null while it is not known who signs in.
  account_id uuid references accounts on delete cascade,
  -- base64url.
  challenge text,
  attempts int not null default 0,
  expires_at timestamptz not null
);

create index on tickets (account_id);
create index on tickets (expires_at);
