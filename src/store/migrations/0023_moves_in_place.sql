-- A candidate that moves is updated in place again, no index written (see 0004): the index of those that were stopped early named the status. Only what passed has a
-- score (candidates_score_when_passed), and what passed is done.
drop index kiln.candidates_stopped;
create index candidates_stopped on kiln.candidates (problem, problem_version, device_model) where score -> 'stopped' is not null;

-- A trigger before each update makes Postgres compute every generated column again, those of the content too, which an update does not touch. After the update it
-- guards the same rows, and what it refuses is rolled back.
drop trigger candidates_keep_verdict on kiln.candidates;
create trigger candidates_keep_verdict after update on kiln.candidates
  for each row when (old.status = 'done') execute function kiln.keep_verdict();
