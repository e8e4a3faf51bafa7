-- The last records are shown to whoever looks: without this, all that happened since is read for them.
create index journal_records on kiln.journal (sequence) where type = 'candidate.record';
