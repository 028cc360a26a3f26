-- Answers of commands that carried an Idempotency-Key, kept in the transaction of their change.
create table idempotency_keys (
  caller text not null,
  call text not null,
  key text not null,
  request_hash bytea not null,
  status int,
  answer jsonb,
  created_at timestamptz not null default now(),
  primary key (caller, call, key)
);

create index on idempotency_keys (created_at);
