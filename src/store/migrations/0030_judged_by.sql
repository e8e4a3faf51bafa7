-- Of a program's attempt: whether its recording was judged or its answers (FinishedAttempt of domain/attempt.ts). Null of all others, and of old ones.
alter table kiln.attempts add column judged_by text;
