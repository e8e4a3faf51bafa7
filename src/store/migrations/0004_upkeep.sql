-- What is not done, counted as it changes: GET /v1/queue must not read a million rows. Every write of a candidate keeps it in step, in
-- its own transaction (src/store/backlog.ts).
create table kiln.backlog (
  device text not null,
  submitter text not null,
  count bigint not null,
  primary key (device, submitter)
) with (fillfactor = 50);
insert into kiln.backlog (device, submitter, count)
select device, submitter, count(*) from kiln.candidates where verdict is null group by device, submitter;

-- A candidate that moves keeps every indexed value (its status was one): its row is then updated in place, and no index is written.
drop index kiln.candidates_unfinished;
create index candidates_unfinished on kiln.candidates (submit_order) where verdict is null;
alter table kiln.candidates set (fillfactor = 70);
