-- What handlers did. No unique key: what is done twice is seen.
create table effects (
  id bigint generated always as identity primary key,
  subscription text not null,
  event_id uuid not null,
  payload json not null,
  consumer text not null
);
