-- Mail that is brought in from elsewhere, or taken out as a file.
create table transfers (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  kind text not null check (kind in ('import', 'export')),
  state text not null default 'running' check (state in ('running', 'done', 'failed', 'cancelled')),
  file_name text not null,
  -- Of an import.
  format text,
  -- The file: of an import until it ends, of an export from its end on. Null: it is gone.
  blob text,
  size_bytes bigint not null default 0,
  -- Until then the file of an import lies among the uploads.
  is_copied boolean not null default false,
  -- Where an import goes on.
  place jsonb,
  done bigint not null default 0,
  total bigint not null default 0,
  messages int not null default 0,
  duplicates int not null default 0,
  refused int not null default 0,
  error text,
  -- How often it was begun since it last came on.
  attempts int not null default 0,
  leased_by uuid,
  leased_until timestamptz,
  created_at timestamptz not null default now(),
  finished_at timestamptz
);
create index on transfers (account_id, created_at desc);
create index on transfers (created_at) where state = 'running';
create index on transfers (finished_at) where finished_at is not null;
create index on transfers (blob) where blob is not null;

-- What the index of an export says of its messages, while it is brought in.
create table import_notes (
  transfer_id uuid not null references transfers on delete cascade,
  -- The mbox, and which message of it, from 1.
  file text not null,
  number int not null,
  note jsonb not null,
  primary key (transfer_id, file, number)
);

-- What an export under way takes out: messages as they are when it begins.
create table export_messages (
  transfer_id uuid not null references transfers on delete cascade,
  message_id uuid not null,
  -- The mbox it goes into.
  file text not null,
  received_at timestamptz not null,
  blob text not null,
  trace text not null,
  sender text not null,
  -- `Note`: mailboxes and flags.
  note jsonb not null,
  -- In the mbox, with all that is around it.
  bytes bigint,
  primary key (transfer_id, message_id)
);
create index on export_messages (transfer_id, file, received_at, message_id);
create index on export_messages (blob);

-- What came in of a domain that asks for DMARC reports, a row for each kind of result (RFC 9990).
create table seen_authentications (
  day date not null,
  domain text not null,
  -- SHA-256 of `seen` and `policy`.
  digest text not null,
  -- `AggregateRow`, counted in `messages`.
  seen jsonb not null,
  -- `PublishedPolicy`
  policy jsonb not null,
  report_to text[] not null,
  messages bigint not null,
  primary key (day, domain, digest)
);
