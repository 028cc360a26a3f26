create table accounts (
  id uuid primary key,
  -- Lower case.
  userid text not null unique,
  name text not null,
  roles text[] not null
    check (cardinality(roles) > 0 and roles <@ array['customer', 'staff', 'admin', 'owner']),
  created_at timestamptz not null default now()
);

create table passwords (
  account_id uuid primary key references accounts on delete cascade,
  -- PHC string: algorithm, parameters, salt and hash.
  hash text not null,
  changed_at timestamptz not null default now()
);
