-- What people write. It becomes a message when it is sent.
create table drafts (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  version int not null,
  -- `DraftContent` of the contract.
  content jsonb not null,
  -- The conversation it answers in.
  thread_id uuid references threads on delete set null,
  saved_at timestamptz not null default now(),
  -- It was sent as this message, which leaves at `due_at`. Taken back, it is a draft again.
  message_id uuid references messages on delete set null,
  due_at timestamptz
);
create index on drafts (account_id, saved_at desc);
create index on drafts (thread_id);
create index on drafts (message_id);

-- Files that people gave for drafts.
create table draft_files (
  account_id uuid not null references accounts on delete cascade,
  blob text not null,
  created_at timestamptz not null default now(),
  primary key (account_id, blob)
);
create index on draft_files (blob);
