-- The queue, where it is kept in Postgres (src/queue/postgres-backend.ts): a job for each candidate that waits or is leased. Until now BullMQ's tables were it.
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

do $$
begin
  if to_regclass('bullmq.kiln_owner') is not null then
    insert into kiln.queue_owners (queue, owner) select queue, owner from bullmq.kiln_owner;
    insert into kiln.jobs (queue, id, priority, place, added_at_ms, leased_by, leased_until_ms)
    select queue, id, priority, seq, added_at_ms, case when state::text = 'active' then lock_token end, case when state::text = 'active' then locked_until_ms end
    from bullmq.job where state::text in ('waiting', 'active') and queue in (select queue from kiln.queue_owners);
    perform setval('kiln.job_order', (select coalesce(max(abs(place)), 0) + 1 from kiln.jobs));
    delete from bullmq.job where queue in (select queue from kiln.queue_owners);
    delete from bullmq.event where queue in (select queue from kiln.queue_owners);
  end if;
end
$$;
