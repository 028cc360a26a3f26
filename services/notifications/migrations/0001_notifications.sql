-- What senders asked for, by the id they gave it.
create table requests (
  id text primary key,
  created_at timestamptz not null default now()
);

create table notifications (
  id uuid primary key,
  request_id text not null references requests (id) on delete cascade,
  account_id uuid,
  channel text not null check (channel in ('email', 'sms', 'push')),
  topic text not null,
  template text not null,
  language text not null,
  is_secret boolean not null,
  recipient text,
  -- JSON sealed by the service's secret box. Null when wiped.
  variables bytea,
  rendering bytea,
  state text not null check (state in ('queued', 'sending', 'delivered', 'skipped', 'kept', 'failed')),
  attempts integer not null default 0,
  -- When a role of the channel is to look at it: null before the role has taken it on and after it is over.
  due_at timestamptz,
  -- Goes up each time a role takes it up to work on it; who holds an older number has lost it to another process.
  claims integer not null default 0,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  -- The transaction that made or changed it last. The outbox stream reads in this order; see store/outbox.ts.
  changed_by bigint not null default pg_current_xact_id()::text::bigint,
  unique (request_id, channel)
);

create index on notifications (channel, is_secret, due_at) where due_at is not null;
create index on notifications (changed_by, id);
create index on notifications (account_id) where account_id is not null;
create index on notifications (recipient) where recipient is not null;
create index on notifications (changed_at) where variables is not null or rendering is not null;

create table notification_events (
  id bigint generated always as identity primary key,
  notification_id uuid not null references notifications (id) on delete cascade,
  state text not null,
  at timestamptz not null default now(),
  detail text
);

create index on notification_events (notification_id, id);
