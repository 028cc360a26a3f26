-- Messages of which the filter of their account has learned because a person moved them.
create table lessons (
  message_id uuid primary key references messages on delete cascade
);
-- Up to when the filter has learned from mail that nobody moved.
alter table spam_models add column learned_until timestamptz;
