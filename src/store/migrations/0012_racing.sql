-- Candidates that cannot come near the front of their ranking are stopped early (docs/adr/0017-racing.md). `effort`: how much of one is measured.
alter table kiln.candidates add column effort text not null default 'racing';
create index candidates_stopped on kiln.candidates (problem, problem_version, device_model)
  where status = 'done' and score -> 'stopped' is not null;

-- A verdict is final. What never got one of its own (cancelled, or lost to infrastructure) may be queued again, and so may one whose device
-- failed a canary (then the row says so), and one that was stopped early. The estimate of a candidate that passed is refined while it holds the record.
create or replace function kiln.keep_verdict() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if new.state ->> 'status' = 'queued' and (
      old.verdict in ('cancelled', 'infra_failed')
      or (new.judged_again is not null and new.judged_again is distinct from old.judged_again)
      or old.score -> 'stopped' is not null
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
