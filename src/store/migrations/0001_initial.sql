-- The records of Kiln. The same file runs on Postgres (15 and later) and on the embedded PGlite.

-- Sources are kept once: a sweep of 10,000 points has one. bytea, since text cannot hold every byte that people send.
create table kiln.sources (
  hash text primary key,
  body bytea not null
);

create table kiln.candidates (
  submit_order bigint generated always as identity primary key,
  id text not null unique,
  -- CandidateContent without its source.
  content jsonb not null,
  source_hash text not null references kiln.sources (hash),
  source_bytes integer not null,
  priority integer not null,
  submitter text not null,
  labels jsonb not null,
  sweep_id text,
  -- CandidateState; what is asked for often is generated from it, so that the two can never differ.
  state jsonb not null,
  score jsonb,
  compile_log text not null default '',
  infra_failures integer not null default 0,
  -- Highest attempt number that was ever handed out: numbers are not used twice, also after a crash.
  last_attempt integer not null default 0,
  submitted_at timestamptz not null,
  updated_at timestamptz not null,

  problem text not null generated always as (content ->> 'problem') stored,
  problem_version text not null generated always as (content ->> 'problemVersion') stored,
  device text not null generated always as (content ->> 'device') stored,
  trial integer not null generated always as ((content ->> 'trial')::integer) stored,
  status text not null generated always as (state ->> 'status') stored,
  verdict text generated always as (state #>> '{outcome,verdict}') stored,
  device_model text generated always as (score ->> 'deviceModel') stored,
  rank_key double precision generated always as ((score ->> 'rankKey')::double precision) stored,

  constraint candidates_status check (status in ('queued', 'compiling', 'ready', 'judging', 'confirming', 'done')),
  constraint candidates_verdict_when_done check ((status = 'done') = (verdict is not null)),
  constraint candidates_timings_when_passed
    check (verdict is not distinct from 'passed' or state #> '{outcome,timings}' is null),
  constraint candidates_score_when_passed check (verdict is not distinct from 'passed' or score is null),
  constraint candidates_score_complete check (score is null or (device_model is not null and rank_key is not null))
);

create index candidates_unfinished on kiln.candidates (submit_order) where status <> 'done';
create index candidates_ranked on kiln.candidates (problem, device_model, rank_key desc, submit_order) where rank_key is not null;
create index candidates_by_problem on kiln.candidates (problem, submit_order);
create index candidates_by_submitter on kiln.candidates (submitter, submit_order);
create index candidates_by_verdict on kiln.candidates (verdict, submit_order);

-- A verdict is final. Only what never got one of its own (cancelled, or lost to infrastructure) may be queued again.
create function kiln.keep_verdict() returns trigger language plpgsql as $$
begin
  if old.verdict in ('cancelled', 'infra_failed') and new.state ->> 'status' = 'queued' then
    return new;
  end if;
  raise exception 'candidate % is done (%): its record cannot change', old.id, old.verdict using errcode = 'check_violation';
end
$$;
create trigger candidates_keep_verdict before update on kiln.candidates
  for each row when (old.status = 'done') execute function kiln.keep_verdict();
create trigger candidates_keep_row before delete on kiln.candidates
  for each row when (old.status = 'done') execute function kiln.keep_verdict();

create table kiln.attempts (
  attempt_id text primary key,
  candidate_id text not null references kiln.candidates (id),
  number integer not null generated always as (split_part(attempt_id, '.', 2)::integer) stored,
  host_id text not null,
  device_id text not null,
  device_model text not null,
  mode text not null,
  started_at timestamptz,
  finished_at timestamptz not null,
  verdict text,
  infra text,
  timings jsonb not null,
  phases jsonb,
  telemetry jsonb,
  constraint attempts_timings_when_passed check (verdict is not distinct from 'passed' or timings = '[]'::jsonb)
);
create index attempts_by_candidate on kiln.attempts (candidate_id, number);

-- Append-only. Writers hold one advisory lock until they commit, so that numbers become visible in order (src/store/journal.ts).
create table kiln.journal (
  sequence bigint generated always as identity primary key,
  at timestamptz not null,
  type text not null,
  candidate_id text,
  host_id text,
  data jsonb not null
);
create index journal_by_candidate on kiln.journal (candidate_id, sequence) where candidate_id is not null;

create table kiln.sweeps (
  id text primary key,
  problem text not null,
  device text not null,
  created_at timestamptz not null
);
create table kiln.sweep_candidates (
  sweep_id text not null references kiln.sweeps (id),
  candidate_id text not null references kiln.candidates (id),
  primary key (sweep_id, candidate_id)
);

-- The record holder of a problem (as it is defined now) on a device model.
create table kiln.records (
  problem text not null,
  problem_version text not null,
  device_model text not null,
  candidate_id text not null references kiln.candidates (id),
  set_at timestamptz not null,
  primary key (problem, problem_version, device_model)
);
