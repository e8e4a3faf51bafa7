-- Problems as they were defined when candidates were submitted: who still waits when one is changed is judged by the rules of its time
-- (src/engine/problem-versions.ts).
create table kiln.problem_versions (
  problem text not null,
  -- The content hash of its definition for one target: problem_version of kiln.candidates.
  version text not null,
  -- ProblemFolder of problems/read-problem.ts.
  document jsonb not null,
  kept_at timestamptz not null,
  primary key (problem, version)
);

-- `kiln gc` removes old candidates (src/store/retention.ts): nothing else may remove one that is done.
create index sweep_points_by_candidate on kiln.sweep_points (candidate_id) where candidate_id is not null;
create function kiln.keep_row() returns trigger language plpgsql as $$
begin
  if current_setting('kiln.removing_old_candidates', true) = 'on' then
    return old;
  end if;
  raise exception 'candidate % is done (%): its record cannot be removed', old.id, old.verdict using errcode = 'check_violation';
end
$$;
drop trigger candidates_keep_row on kiln.candidates;
create trigger candidates_keep_row before delete on kiln.candidates
  for each row when (old.status = 'done') execute function kiln.keep_row();
