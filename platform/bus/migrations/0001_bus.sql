-- A durable queue of events. Filled by every publisher of `event` whose routing key matches `pattern`.
create table subscriptions (
  id int generated always as identity primary key,
  name text not null unique,
  -- On RabbitMQ; the dead letters of a broken queue are known by it.
  queue text not null unique,
  event text not null,
  keys text[] not null,
  -- Regular expression over `.` and the routing key.
  pattern text not null
);

-- One row per event and subscription, deleted in the transaction that handles it.
create table deliveries (
  id bigint generated always as identity primary key,
  subscription int not null,
  event_id uuid not null,
  routing_key text not null,
  payload json not null,
  traceparent text,
  published_at timestamptz not null default statement_timestamp(),
  -- Tries that failed.
  failures smallint not null default 0,
  -- Tries that were noted before they began; those that neither failed nor handled the event were cut off.
  starts smallint not null default 0,
  -- Null: not tried yet.
  retry_at timestamptz,
  -- Known once an event of an ordered subscription had to wait; later events of the key wait behind it.
  order_key text
) with (
  -- Rows live for milliseconds: vacuum often, and without pauses.
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 10000,
  autovacuum_vacuum_insert_threshold = -1,
  autovacuum_vacuum_cost_delay = 0
);
create index deliveries_fresh on deliveries (subscription, id) where retry_at is null;
create index deliveries_waiting on deliveries (subscription, retry_at, id) where retry_at is not null;
create index deliveries_ordered on deliveries (subscription, order_key, id) where order_key is not null;

-- A function plans its statements once per connection.
create function add_deliveries(events text[], ids uuid[], keys text[], payloads text[], traceparents text[])
returns void language plpgsql
as $$ begin
  insert into bus.deliveries (subscription, event_id, routing_key, payload, traceparent)
  select s.id, e.id, e.key, e.payload::json, e.traceparent
  from unnest(events, ids, keys, payloads, traceparents) with ordinality
    as e (event, id, key, payload, traceparent, position)
  join bus.subscriptions s on s.event = e.event and '.' || e.key ~ s.pattern
  order by e.position;
end $$;

-- The table is nearly empty most of the time and sometimes holds millions, and what autovacuum noted of it is true of
-- neither. So these walk an index from its start, whatever the planner believes.

-- Locks the next deliveries nobody else has: those never tried, or those due again.
create function next_deliveries(wanted int, is_due boolean, most int) returns setof deliveries
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$ begin
  if is_due then
    return query select * from bus.deliveries d where d.subscription = wanted and d.retry_at <= now()
      order by d.retry_at, d.id limit most for update skip locked;
  else
    return query select * from bus.deliveries d where d.subscription = wanted and d.retry_at is null
      order by d.id limit most for update skip locked;
  end if;
end $$;

-- Removes deliveries never tried. To start after an id spares a walk past those taken since the last vacuum.
create function take_deliveries(wanted int, after bigint, most int) returns setof deliveries
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$ begin
  return query
    with taken as (
      delete from bus.deliveries where ctid = any(array(
        select d.ctid from bus.deliveries d where d.subscription = wanted and d.retry_at is null and d.id > after
        order by d.id limit most for update skip locked
      )) returning *
    ) select * from taken order by taken.id;
end $$;

-- Those of the subscriptions that have something to do now.
create function subscriptions_with_work(wanted int[]) returns setof int
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$ begin
  return query select s.id from unnest(wanted) as s (id)
    where exists (select from bus.deliveries d where d.subscription = s.id and d.retry_at is null)
      or exists (select from bus.deliveries d where d.subscription = s.id and d.retry_at <= now());
end $$;

create table dead_letters (
  id uuid primary key,
  subscription text not null,
  event text not null,
  event_id uuid not null,
  routing_key text not null,
  payload json not null,
  traceparent text,
  attempts int not null,
  error text not null,
  published_at timestamptz not null,
  died_at timestamptz not null default now(),
  unique (subscription, event_id)
);

-- With RabbitMQ: events that wait for the relay.
create table outbox (
  id bigint generated always as identity primary key,
  event_id uuid not null,
  event text not null,
  exchange text not null,
  exchange_type text not null,
  routing_key text not null,
  payload json not null,
  traceparent text,
  published_at timestamptz not null default statement_timestamp()
) with (
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 10000,
  autovacuum_vacuum_insert_threshold = -1,
  autovacuum_vacuum_cost_delay = 0
);

-- With RabbitMQ: what each subscription has handled, so that a second delivery is known. Kept for 7 days.
create table handled (
  subscription int not null,
  event_id uuid not null,
  -- Times that handling began after an earlier try was cut off; other tries are not counted.
  starts smallint not null default 0,
  -- Null: not handled yet.
  handled_at timestamptz,
  noted_at timestamptz not null default now(),
  primary key (subscription, event_id)
);
create index handled_by_age on handled using brin (noted_at);
