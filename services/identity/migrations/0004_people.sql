alter table accounts
  alter column userid drop not null,
  -- The userid without what does not tell two people apart. Never given again.
  add column userid_skeleton text unique,
  add column email text,
  add column email_verified_at timestamptz,
  -- E.164.
  add column phone text,
  add column phone_verified_at timestamptz,
  add column language text not null default 'en',
  add column time_zone text not null default 'Asia/Dhaka',
  add column picture_id text,
  add column picture_type text,
  add column preferences jsonb,
  add column disabled_at timestamptz;

update accounts set userid_skeleton = userid;

-- Anyone may claim an address; whoever has verified it has it alone.
create unique index on accounts (email) where email_verified_at is not null;
create unique index on accounts (phone) where phone_verified_at is not null;
create index on accounts (email);
create index on accounts (phone);
create index on accounts (created_at desc, id desc);

-- Userids of accounts that were erased.
create table retired_userids (
  userid_skeleton text primary key,
  retired_at timestamptz not null default now()
);

create table codes (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  purpose text not null check (purpose in ('email', 'phone', 'reset', 'invitation')),
  -- The address it was sent to: it verifies that one alone.
  target text not null,
  -- HMAC of the six digits under the row's own id; null for links alone.
  code_hash bytea,
  -- SHA-256 of the token in the link.
  link_hash bytea unique,
  attempts int not null default 0,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);

create index on codes (account_id, purpose);
create index on codes (expires_at);

-- One row.
create table installation (
  is_only boolean primary key default true check (is_only),
  name text not null,
  -- Mail domains, the main one first. Empty: the one in the settings.
  domains text[] not null,
  sign_up text not null check (sign_up in ('mailboxes', 'customers', 'nobody')),
  set_up_at timestamptz,
  -- SHA-256 of the token in the link for the owner.
  set_up_hash bytea
);
insert into installation values (true, 'Dakghar', '{}', 'mailboxes');
