-- Canaries: since when a device's verdicts are in doubt, and which devices take no work (src/store/canaries.ts).
create table kiln.canaries (
  host_id text not null,
  device_id text not null,
  -- The last canary that passed was asked for then; null before the first.
  trusted_at timestamptz,
  -- Quarantine of domain/canary.ts; null while the device works.
  quarantine jsonb,
  -- Marks of engine/canaries/marks.ts: what was compiled on the host under others is not used any more.
  marks jsonb not null,
  updated_at timestamptz not null,
  primary key (host_id, device_id)
);

-- Set when a verdict was taken back because its device failed a canary: JudgedAgain of domain/canary.ts, the last time.
alter table kiln.candidates add column judged_again jsonb;

-- Both tables grow in the order of time: what was judged since a moment is found without a tree of every row.
create index attempts_by_time on kiln.attempts using brin (finished_at) with (pages_per_range = 16);
create index journal_by_time on kiln.journal using brin (at) with (pages_per_range = 16);

-- A verdict is final. What never got one of its own (cancelled, or lost to infrastructure) may be queued again, and so may one whose device
-- failed a canary: then the row says so. The estimate of a candidate that passed is refined while it holds the record.
create or replace function kiln.keep_verdict() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if new.state ->> 'status' = 'queued' and (
      old.verdict in ('cancelled', 'infra_failed')
      or (new.judged_again is not null and new.judged_again is distinct from old.judged_again)
    ) then
      return new;
    end if;
    if old.verdict = 'passed' and new.score is not null
      and (new.id, new.content, new.state, new.compile_log, new.infra_failures, new.last_attempt, new.submitted_at)
        is not distinct from (old.id, old.content, old.state, old.compile_log, old.infra_failures, old.last_attempt, old.submitted_at) then
      return new;
    end if;
  end if;
  raise exception 'candidate % is done (%): its record cannot change', old.id, old.verdict using errcode = 'check_violation';
end
$$;
