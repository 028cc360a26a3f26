-- Accounts of identity that have a mailbox. Whoever changes anything of an account locks its row first.
create table accounts (
  id uuid primary key,
  -- Small, for the index of texts.
  number int generated always as identity unique,
  address text not null unique,
  name text not null,
  language text not null,
  quota_bytes bigint not null,
  used_bytes bigint not null default 0,
  -- Of the latest change: RFC 7162's mod-sequence, of all mailboxes of the account together.
  modseq bigint not null default 1,
  preferences jsonb not null default '{}',
  created_at timestamptz not null default now()
);

create table domains (
  name text primary key,
  is_primary boolean not null default false,
  -- Takes what is for no address of the domain.
  catch_all uuid references accounts on delete set null,
  created_at timestamptz not null default now()
);
create unique index one_primary_domain on domains (is_primary) where is_primary;

create table dkim_keys (
  domain text not null references domains on delete cascade,
  selector text not null,
  algorithm text not null check (algorithm in ('rsa', 'ed25519')),
  private_key bytea not null,
  public_record text not null,
  created_at timestamptz not null default now(),
  primary key (domain, selector)
);

-- What mail can be sent to. An account's own address is one of kind `account`.
create table addresses (
  address text primary key,
  domain text not null references domains,
  kind text not null check (kind in ('account', 'alias', 'group')),
  name text not null default '',
  created_at timestamptz not null default now()
);
create table address_members (
  address text not null references addresses on delete cascade,
  -- One of the two: somebody here, or an address elsewhere.
  account_id uuid references accounts on delete cascade,
  forward_to text,
  check (num_nonnulls(account_id, forward_to) = 1),
  unique nulls not distinct (address, account_id, forward_to)
);
create index on address_members (account_id);

-- What a blob says, whoever has it.
create table contents (
  blob text primary key,
  size_bytes bigint not null,
  -- `Part` of the whole message.
  structure jsonb not null
);
-- Blobs that nothing referred to and that are gone. Whoever stores one meanwhile stores it again.
create table swept_blobs (
  blob text primary key,
  swept_at timestamptz not null default now()
);
-- Blobs that lost a reference: perhaps nothing refers to them any more.
create table loose_blobs (
  blob text primary key,
  since timestamptz not null default now()
);

create table mailboxes (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  parent_id uuid references mailboxes on delete cascade,
  name text not null,
  -- Null: a label of the person's.
  role text check (role in ('inbox', 'all', 'sent', 'drafts', 'junk', 'trash', 'snoozed', 'scheduled')),
  color text,
  uid_validity bigint not null,
  uid_next bigint not null default 1,
  highest_modseq bigint not null default 1,
  messages int not null default 0,
  unread int not null default 0,
  threads int not null default 0,
  unread_threads int not null default 0,
  is_subscribed boolean not null default true,
  unique nulls not distinct (account_id, parent_id, name)
);
create unique index on mailboxes (account_id, role) where role is not null;

create table threads (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  -- Without `Re:` and the like, in lower case.
  base_subject text not null,
  messages int not null default 0,
  snoozed_until timestamptz,
  is_muted boolean not null default false,
  -- Its messages are in this one now.
  merged_into uuid
);
create index on threads (account_id);
create index on threads (snoozed_until) where snoozed_until is not null;

-- Which threads speak of a Message-ID: their messages have it or refer to it.
create table thread_references (
  account_id uuid not null references accounts on delete cascade,
  -- The first 16 octets of the SHA-256 of the Message-ID.
  reference uuid not null,
  thread_id uuid not null references threads on delete cascade,
  primary key (account_id, reference, thread_id)
);
create index on thread_references (thread_id);

create table messages (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  thread_id uuid not null references threads,
  blob text not null references contents,
  -- Header fields that were put before the bytes of the blob, with CRLF: Return-Path, Received, Authentication-Results.
  trace text not null default '',
  -- Trace and blob.
  size_bytes bigint not null,
  received_at timestamptz not null,
  sent_at timestamptz,
  -- Without angle brackets.
  message_id text,
  subject text not null,
  -- Lists of {name, address}: from, sender, replyTo, to, cc, bcc.
  addresses jsonb not null,
  sender_address text not null,
  snippet text not null,
  attachments jsonb not null default '[]',
  is_seen boolean not null default false,
  is_answered boolean not null default false,
  is_flagged boolean not null default false,
  is_draft boolean not null default false,
  is_forwarded boolean not null default false,
  -- The person wrote it.
  is_own boolean not null default false,
  keywords text[] not null default '{}',
  category text not null default 'primary' check (category in ('primary', 'social', 'promotions', 'updates', 'forums')),
  category_reasons jsonb not null default '[]',
  spam_score real,
  spam_verdict text,
  spam_reasons jsonb not null default '[]',
  authentication jsonb,
  -- Of the last change of its flags.
  modseq bigint not null
);
create index on messages (account_id, received_at);
create index on messages (thread_id);
create index on messages (blob);
create index on messages (account_id, received_at) where is_flagged;

create table mailbox_messages (
  mailbox_id uuid not null references mailboxes on delete cascade,
  uid bigint not null,
  message_id uuid not null references messages on delete cascade,
  account_id uuid not null,
  -- Of the message's last change, in every mailbox that has it.
  modseq bigint not null,
  -- IMAP's \Deleted, which belongs to the message in this mailbox.
  is_deleted boolean not null default false,
  -- When it came into this mailbox: the trash is emptied by it.
  added_at timestamptz not null default now(),
  primary key (mailbox_id, uid)
);
create unique index on mailbox_messages (message_id, mailbox_id);
create index on mailbox_messages (account_id, modseq);

-- Messages that left a mailbox (RFC 7162 §3.2.10).
create table vanished (
  mailbox_id uuid not null references mailboxes on delete cascade,
  uid bigint not null,
  account_id uuid not null,
  thread_id uuid not null,
  modseq bigint not null,
  primary key (mailbox_id, uid)
);
create index on vanished (account_id, modseq);

-- What a list of conversations shows and is sorted by. Reckoned from the messages.
create table mailbox_threads (
  mailbox_id uuid not null references mailboxes on delete cascade,
  thread_id uuid not null references threads on delete cascade,
  -- Of its latest message in this mailbox.
  last_at timestamptz not null,
  category text not null,
  messages int not null,
  unread int not null,
  primary key (thread_id, mailbox_id)
);
create index on mailbox_threads (mailbox_id, last_at desc, thread_id desc);
create index on mailbox_threads (mailbox_id, category, last_at desc, thread_id desc);
create index on mailbox_threads (mailbox_id, category) where unread > 0;

-- Words of messages, and `account:<number>` in each, so that one look-up finds those of one account.
create table message_words (
  message_id uuid primary key references messages on delete cascade,
  words tsvector not null
);
create index on message_words using gin (words);
-- Messages whose words are still to be written.
create table unindexed_messages (
  message_id uuid primary key references messages on delete cascade
);

-- Whom an account has to do with: contacts, and what their mail was worth.
create table correspondents (
  account_id uuid not null references accounts on delete cascade,
  address text not null,
  name text not null default '',
  received int not null default 0,
  read int not null default 0,
  sent int not null default 0,
  marked_spam int not null default 0,
  marked_ham int not null default 0,
  -- As the person corrected it: it always wins.
  category text,
  -- `allow` or `block` of the person.
  rule text check (rule in ('allow', 'block')),
  last_at timestamptz not null default now(),
  primary key (account_id, address)
);

create table spam_models (
  account_id uuid primary key references accounts on delete cascade,
  delta bytea not null,
  changed_at timestamptz not null default now()
);

-- How things were before what somebody did, so that it can be undone for an hour.
create table undos (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  -- Messages with the mailboxes and flags they had.
  before jsonb not null,
  created_at timestamptz not null default now()
);
create index on undos (created_at);
