-- What judgements of one code differ by beyond their own intervals (src/domain/spread.ts), learned from what is measured again.
alter table kiln.records add column spread jsonb;

-- A verdict is final. Only what never got one of its own (cancelled, or lost to infrastructure) may be queued again; and the estimate of a candidate that
-- passed is refined while it holds the record and is measured again with everyone that challenges it.
create or replace function kiln.keep_verdict() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if old.verdict in ('cancelled', 'infra_failed') and new.state ->> 'status' = 'queued' then
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
