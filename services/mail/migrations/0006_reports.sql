-- What other servers report of mail in our name (RFC 9990), a row for each source and verdict.
create table dmarc_reports (
  domain text not null,
  reporter text not null,
  report_id text not null,
  day date not null,
  source_address text not null,
  messages int not null,
  disposition text not null,
  dkim text not null,
  spf text not null
);
create index on dmarc_reports (domain, day);
-- Reports that were read; a report comes more than once.
create table received_reports (
  kind text not null check (kind in ('dmarc', 'tls')),
  reporter text not null,
  report_id text not null,
  received_at timestamptz not null default now(),
  primary key (kind, reporter, report_id)
);
create table tls_reports (
  domain text not null,
  reporter text not null,
  day date not null,
  policy text not null,
  successes int not null,
  failures int not null,
  failure_types text[] not null
);
create index on tls_reports (domain, day);
