/** What happened, as the journal keeps it and event streams show it. */
import { z } from 'zod';
import { CandidateId, HostId } from './ids.ts';

const Instant = z.iso.datetime();

/** One line of the append-only journal. */
export const JournalEvent = z.strictObject({
  sequence: z.int().positive(),
  at: Instant,
  type: z.enum([
    'candidate.queued',
    /** It had ended without a verdict (cancelled, or lost to hosts), or was stopped early, and was asked for again. */
    'candidate.queued_again',
    'candidate.compiling',
    'candidate.ready',
    'candidate.judging',
    'candidate.confirming',
    'candidate.requeued',
    /** A program whose recording was refused, or was wrong: from now on it is judged by its answers. */
    'candidate.by_answers',
    'candidate.done',
    'candidate.record',
    /** Its verdict was taken back: its device, or who compiled it, failed a canary, or an operator asked. It is judged again. */
    'candidate.reopened',
    'candidate.paused',
    'candidate.resumed',
    'candidate.reprioritised',
    'sweep.created',
    'sweep.changed',
    'campaign.created',
    'campaign.changed',
    'profile.done',
    'host.added',
    /** It is given nothing more, and leaves the fleet, or is replaced, when what it has is done. */
    'host.draining',
    'host.removed',
    'host.connected',
    'host.lost',
    'host.refused',
    /** Its inventory was taken again and differs: a compiler, driver, toolkit or device came, went or is another. */
    'host.changed',
    /** Somebody works on it: a command, a job, files; who, and how it ended. */
    'host.work.started',
    'host.work.ended',
    'device.changed',
    /** Healthy, suspect, quarantined or on probation: which, and which it was before. */
    'device.state',
    /** It failed a canary and takes no work; or it works again. */
    'device.quarantined',
    'device.returned',
    /** What the host compiles for others failed canaries: it compiles nothing; or it does again. */
    'compiler.quarantined',
    /** Somebody said that the host, or a device of it, takes no work; or that it does again. */
    'host.held',
    'host.released',
    'compiler.returned',
    /** The host, or a device of it, takes one submitter's candidates alone until a time; or anybody's again, since that is over or somebody said so. */
    'host.booked',
    'host.unbooked',
    /** The fleet file, as it is now, was applied; or it is wrong, and nothing was changed. */
    'fleet.reloaded',
    'fleet.refused',
    /** The folders of problems were read again: what came, changed and went, and what does not load. */
    'problems.reloaded',
    /** Old ones that nothing needed any more. */
    'candidates.removed',
    'daemon.started',
    'daemon.stopped',
    /** Older events were removed: whoever reads on from before it has missed some. */
    'journal.trimmed',
  ]),
  candidateId: CandidateId.nullable(),
  hostId: HostId.nullable(),
  /** Small facts of this type: verdict, deviceId, message, … */
  data: z.record(z.string(), z.unknown()),
});
export type JournalEvent = z.infer<typeof JournalEvent>;
export type NewJournalEvent = Omit<JournalEvent, 'sequence' | 'at'>;
