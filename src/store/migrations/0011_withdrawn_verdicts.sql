-- Verdicts that are taken back are taken back from campaigns too (src/store/campaigns.ts): finds the generations of a candidate, and, when a
-- daemon starts, those that tell a verdict of before.
create index generations_by_candidate on kiln.generations ((state ->> 'candidateId')) where status = 'judged';
create index generations_without_verdict on kiln.generations (campaign_id)
  where status = 'judged' and state ->> 'verdict' in ('cancelled', 'infra_failed');
create index candidates_judged_again on kiln.candidates (id) where judged_again is not null;
