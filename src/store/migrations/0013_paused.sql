-- Set while a candidate is kept from being judged: Pause of domain/records.ts. It has no job in the queue then, and is not counted in the backlog.
alter table kiln.candidates add column paused jsonb;
alter table kiln.candidates add constraint candidates_paused_only_unfinished check (paused is null or verdict is null);

drop index kiln.candidates_unfinished;
create index candidates_unfinished on kiln.candidates (submit_order) where verdict is null and paused is null;
drop index kiln.candidates_of_submitter;
create index candidates_of_submitter on kiln.candidates (device, submitter, priority, submit_order) where verdict is null and paused is null;
create index candidates_paused on kiln.candidates (device, submitter, submit_order) where paused is not null;
