-- Candidates that had ended without a verdict, or without all of their times, and were queued again have an event of their own.
update kiln.journal set type = 'candidate.queued_again', data = data - 'again' where type = 'candidate.queued' and data ->> 'again' = 'true';
