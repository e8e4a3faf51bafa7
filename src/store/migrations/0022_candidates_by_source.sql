-- `kiln gc` removes sources that no candidate is of any more (src/store/retention.ts): each is looked up here.
create index candidates_by_source on kiln.candidates (source_hash);
