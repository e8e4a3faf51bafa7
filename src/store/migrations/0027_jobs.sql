-- The queue, where it is kept in Postgres (src/queue/postgres-backend.ts): a job for each candidate that waits or is leased. Until now BullMQ's tables were it: src/queue/kept-by-bullmq.ts takes over what is in them.
create sequence kiln.job_order;
create table kiln.jobs (
  -- A Postgres may have the queues of several stores.
  queue text not null,
  -- The candidate's.
  id text not null,
  priority integer not null,
  -- Among those of its priority; below zero: it was put back.
  place bigint not null,
  added_at_ms bigint not null,
  -- Null while it waits.
  leased_by text,
  leased_until_ms bigint,
  -- Its lease had run out when it was looked last.
  is_late boolean not null default false,
  primary key (queue, id)
);
create index jobs_waiting on kiln.jobs (queue, priority, place) where leased_by is null;
create index jobs_leased on kiln.jobs (id) where leased_by is not null;
create table kiln.queue_owners (
  queue text primary key,
  owner text not null
);
