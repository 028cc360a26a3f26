create table effects (event_id uuid not null, body text not null);
create table effects_once (event_id uuid primary key, body text not null);
