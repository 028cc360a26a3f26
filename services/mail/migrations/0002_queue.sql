-- Messages on their way out. One that is through stays for its recipients: they tell what became of it.
create table submissions (
  id uuid primary key,
  -- Who wrote it; null: the system, or it is passed on.
  account_id uuid references accounts on delete set null,
  -- The copy among the account's messages.
  message_id uuid references messages on delete set null,
  -- Null once nothing of it has to be sent any more.
  blob text,
  -- Header fields to go before the blob's bytes, with CRLF.
  prefix text not null default '',
  -- DKIM signatures, made once when it first leaves. Null: not made yet.
  signature text,
  -- Envelope sender; empty: nobody hears what becomes of it.
  sender text not null,
  -- RFC 3461 §4.3 and §4.4.
  returns text check (returns in ('FULL', 'HDRS')),
  envelope_id text,
  size_bytes bigint not null,
  -- Nothing leaves before. Time to live counts from then.
  due_at timestamptz not null,
  created_at timestamptz not null default now(),
  finished_at timestamptz
);
create index on submissions (message_id) where message_id is not null;
create index on submissions (account_id) where account_id is not null;
create index on submissions (blob) where blob is not null;
create index on submissions (finished_at) where finished_at is not null;

-- One row for a message and a domain, as long as something of it is to be sent there.
create table queue (
  submission_id uuid not null references submissions on delete cascade,
  -- As A-labels in lower case, or an address literal.
  domain text not null,
  next_attempt_at timestamptz not null,
  attempts int not null default 0,
  last_answer text,
  -- Who works on it, until when.
  leased_by uuid,
  leased_until timestamptz,
  is_suspended boolean not null default false,
  -- The sender was told that it takes long.
  is_delay_told boolean not null default false,
  primary key (submission_id, domain)
);
create index on queue (next_attempt_at);
create index on queue (domain, next_attempt_at);
create index on queue (leased_by) where leased_by is not null;

create table recipients (
  submission_id uuid not null references submissions on delete cascade,
  address text not null,
  domain text not null,
  -- RFC 3461 §4.1 and §4.2: `NEVER`, or some of SUCCESS,FAILURE,DELAY; null: left to us. `rfc822;address`.
  notify text,
  original_recipient text,
  state text not null default 'queued' check (state in ('queued', 'delivered', 'relayed', 'delayed', 'failed', 'cancelled')),
  attempts int not null default 0,
  server text,
  answer text,
  -- RFC 3463, of the last answer.
  status text,
  tls text,
  tls_policy text,
  -- The next server sends reports itself.
  passes_reports boolean not null default false,
  -- Its end was told to the sender, where it had to be.
  is_told boolean not null default false,
  changed_at timestamptz not null default now(),
  primary key (submission_id, address)
);

-- RFC 8461 §3.3: policies of other domains, as long as they hold.
create table sts_policies (
  domain text primary key,
  policy_id text not null,
  mode text not null check (mode in ('enforce', 'testing', 'none')),
  mx text[] not null,
  expires_at timestamptz not null
);

-- How TLS went with other domains, for reports to them (RFC 8460).
create table tls_results (
  day date not null,
  domain text not null,
  -- `sts` or `no-policy-found`.
  policy text not null,
  server text not null,
  -- Empty: it went well.
  failure text not null,
  sessions bigint not null,
  primary key (day, domain, policy, server, failure)
);
