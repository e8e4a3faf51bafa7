-- Generations that write nothing but propose ideas, and whose proposal a generation carries out.

alter table kiln.generations add column proposal jsonb;
alter table kiln.generations drop constraint generations_status;
alter table kiln.generations add constraint generations_status
  check (status in ('asked', 'answered', 'submitted', 'judged', 'failed', 'lost', 'diagnosed'));
