-- What a campaign learned of ideas, and what it was told of earlier ones when it began (Lesson and Recalled of domain/campaign/lessons.ts).
alter table kiln.campaigns add column lessons jsonb, add column recalled jsonb;
