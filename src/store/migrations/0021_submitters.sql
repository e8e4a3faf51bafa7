-- Weights and limits of submitters: SubmitterSettings of domain/submitters.ts.
create table kiln.submitters (
  submitter text primary key,
  settings jsonb not null
);
