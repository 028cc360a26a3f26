create table spans (
  trace_id uuid not null,
  span_id text not null,
  parent_span_id text,
  service text not null,
  name text not null,
  kind text not null check (kind in ('server', 'client', 'consumer', 'producer', 'internal')),
  started_at timestamptz not null,
  duration_ms double precision not null,
  error text,
  primary key (trace_id, span_id, started_at)
) partition by range (started_at);

create index on spans (started_at, span_id);
