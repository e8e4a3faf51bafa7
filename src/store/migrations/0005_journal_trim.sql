-- Where the journal begins: one event of type journal.trimmed stands in place of the last event that was removed (src/store/trim-journal.ts).
create unique index journal_one_trim_mark on kiln.journal (type) where type = 'journal.trimmed';
