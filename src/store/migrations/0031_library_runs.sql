-- Of a run of a problem's library program: how often it was asked for, and whether it was cancelled because nobody needed it any more
-- (LibraryRunRow of domain/ports/store-rows.ts). Null of all that somebody submitted.
alter table kiln.candidates add column library_run jsonb;

-- Those that are done too: it is no part of what they came to. Who cancelled one is not known; what was cancelled so far was mostly obsolete.
alter table kiln.candidates disable trigger candidates_keep_verdict;
update kiln.candidates set library_run = jsonb_build_object('asked', 1, 'isObsolete', verdict is not distinct from 'cancelled')
where submitter = 'library' and content -> 'library' is not null;
alter table kiln.candidates enable trigger candidates_keep_verdict;

create index candidates_library_runs on kiln.candidates (submit_order) where library_run is not null;

-- What somebody submitted. Whoever counts or picks candidates by what they are of reads these: runs of library programs are nobody's.
create view kiln.submissions as select * from kiln.candidates where library_run is null;
