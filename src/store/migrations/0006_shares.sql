-- The first candidates of one submitter and class that are not done: each submitter has a share of what the daemon holds, however many of
-- others were submitted before (src/engine/lease-window.ts).
create index candidates_of_submitter on kiln.candidates (device, submitter, priority, submit_order) where verdict is null;
