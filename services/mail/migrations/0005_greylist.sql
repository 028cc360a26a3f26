-- Who tried to bring what, of networks that have no name.
create table greylist (
  network text not null,
  sender text not null,
  recipient text not null,
  first_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  primary key (network, sender, recipient)
);
