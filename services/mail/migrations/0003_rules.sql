-- Somebody the person keeps among the contacts, whether there was mail or not.
alter table correspondents add column is_kept boolean not null default false;

create table filters (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  query text not null,
  -- `FilterActions`.
  actions jsonb not null,
  is_on boolean not null default true,
  created_at timestamptz not null default now()
);
create index on filters (account_id, created_at, id);

create table forwardings (
  account_id uuid not null references accounts on delete cascade,
  address text not null,
  -- Keyed hash of the six digits that were sent there. Null once they came back.
  code_digest bytea,
  code_sent_at timestamptz not null default now(),
  attempts int not null default 0,
  confirmed_at timestamptz,
  forwards_all boolean not null default false,
  created_at timestamptz not null default now(),
  primary key (account_id, address)
);

-- Who was told that the person is away.
create table vacation_answers (
  account_id uuid not null references accounts on delete cascade,
  address text not null,
  answered_at timestamptz not null default now(),
  primary key (account_id, address)
);
create index on vacation_answers (answered_at);

-- Lists that are to be left with one request to their server (RFC 8058).
create table unsubscriptions (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  message_id uuid not null,
  url text not null,
  state text not null default 'waiting' check (state in ('waiting', 'done', 'failed')),
  attempts int not null default 0,
  next_attempt_at timestamptz not null default now(),
  answer text,
  created_at timestamptz not null default now(),
  unique (account_id, message_id)
);
create index on unsubscriptions (next_attempt_at) where state = 'waiting';
