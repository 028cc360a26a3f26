-- What a text search compares: runs of letters and digits, as a tsvector. ASCII punctuation parts words, so that the
-- pieces of a path, an address or an id can be searched for. (Needs no extension, unlike trigrams, and a GIN index of
-- it costs about a third of theirs to write.)
create function words(text text) returns tsvector
  language sql immutable strict parallel safe
  return to_tsvector('simple', regexp_replace(text, '[!-/:-@[-`{-~]+', ' ', 'g'));

create table lines (
  time timestamptz not null,
  id uuid not null,
  -- The transaction that stored the line. Tails read in this order, as transactions end; see store/tail.ts.
  stored_by bigint not null default pg_current_xact_id()::text::bigint,
  level text not null check (level in ('DEBUG', 'INFO', 'WARNING', 'ERROR')),
  service text,
  name text not null,
  data text not null,
  -- json rather than jsonb: it also takes \u0000 and lone surrogates.
  fields json,
  -- 32 hex digits are a uuid to Postgres, in half the bytes.
  trace_id uuid,
  reported_time timestamptz,
  primary key (time, id)
) partition by range (time);

create index on lines (id);
create index on lines (stored_by);
create index on lines (trace_id) where trace_id is not null;
create index on lines (service, time);
create index on lines (name, time);
create index on lines (level, time);
create index on lines using gin (words(data));
-- 24 kB for 400,000 lines; Postgres joins it with the index of words for a search in a narrow time.
create index on lines using brin (time);

-- Ids of lines whose time was replaced by that of their arrival: sent again, they would have another key.
create table future_lines (
  id uuid primary key,
  created_at timestamptz not null default now()
);
