-- Sweeps whose points are submitted as they are tried (src/store/sweeps.ts). Those of before have no spec: all of their points were submitted at once.
alter table kiln.sweeps
  -- SweepSpec, and the candidate whose params are varied.
  add column spec jsonb,
  add column candidate jsonb,
  add column submitter text not null default 'anonymous',
  add column status text not null default 'finished',
  add column reason text,
  add column ran_ms double precision not null default 0,
  add constraint sweeps_status check (status in ('running', 'paused', 'finished', 'cancelled'));
create index sweeps_open on kiln.sweeps (created_at) where status in ('running', 'paused');

-- One row a point that was asked for. It is written before its candidate is submitted, so that a daemon that was killed submits it again.
create table kiln.sweep_points (
  sweep_id text not null references kiln.sweeps (id),
  -- From 0, in the order of asking.
  number integer not null,
  -- Its place in the space (src/domain/sweep/space.ts); null in sweeps of before.
  point bigint,
  -- Null until it is submitted.
  candidate_id text references kiln.candidates (id),
  -- From 1, in the order in which verdicts were told to the strategy; null before.
  told integer,
  -- Device time that it took; 0 where its verdict was known before.
  device_ms double precision,
  primary key (sweep_id, number)
) with (fillfactor = 70);
create index sweep_points_told on kiln.sweep_points (sweep_id, told) where told is not null;

insert into kiln.sweep_points (sweep_id, number, candidate_id, told)
select sweep_candidates.sweep_id, row_number() over of_sweep - 1, candidate_id, row_number() over of_sweep
from kiln.sweep_candidates join kiln.candidates on candidates.id = candidate_id
window of_sweep as (partition by sweep_candidates.sweep_id order by submit_order);
drop table kiln.sweep_candidates;
