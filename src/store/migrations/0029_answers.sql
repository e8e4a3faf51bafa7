-- Why a program is judged by its answers, though it was not submitted so: ByAnswers of domain/candidate.ts. Null of all others.
alter table kiln.candidates add column by_answers jsonb;

-- Times to answers are compared with each other alone (RankingClass of domain/ranking/ranking.ts): they have a record of their own.
alter table kiln.records add column class text not null default 'device';
alter table kiln.records drop constraint records_pkey;
alter table kiln.records add primary key (problem, problem_version, device_model, class);
