-- What the compiler says of a candidate's kernels (registers, shared memory, spills), by kernel; null where it does not tell.
alter table kiln.candidates add column resources jsonb;

-- A profile of a candidate, the last one asked for. `state` is that of ProfileRecord.
create table kiln.profiles (
  candidate_id text primary key references kiln.candidates (id),
  state jsonb not null,
  -- The profiler's own report, where there is one.
  raw bytea,
  asked_at timestamptz not null,
  updated_at timestamptz not null,
  status text not null generated always as (state ->> 'status') stored,

  constraint profiles_status check (status in ('waiting', 'done', 'failed')),
  constraint profiles_raw_when_done check (status = 'done' or raw is null)
);
create index profiles_waiting on kiln.profiles (asked_at, candidate_id) where status = 'waiting';
