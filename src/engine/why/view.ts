/** What is known of a candidate and of what it needs, at one moment: all that its reasons are made from. */
import type { ByAnswers, CandidateStatus, Pause } from '../../domain/candidate.ts';
import type { Booking } from '../../domain/hosts/booking.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { TaskView, PoolView } from '../../scheduler/task-view.ts';

export interface WhyView {
  readonly id: CandidateId;
  /** By the scheduler's clock. */
  readonly nowMs: number;
  readonly candidate: WhyCandidate;
  /** What its problem is now, beside what it was submitted for. */
  readonly problem: 'same' | 'changed' | 'removed';
  /** Null where the scheduler does not hold it. */
  readonly task: TaskView | null;
  /** Of its class, also where the scheduler does not hold it. */
  readonly pools: readonly PoolView[];
  /** Null unless it is compiling. */
  readonly compile: WhyCompile | null;
  readonly hosts: readonly WhyHost[];
  /** Device classes of the fleet, as far as hosts have told. */
  readonly classes: readonly string[];
  /** Null where the scheduler holds it. */
  readonly queue: WhyQueue | null;
  /** Why the store takes no writes or answers nothing; null where it does. */
  readonly storeFailure: string | null;
}

export interface WhyCandidate {
  readonly status: CandidateStatus;
  readonly outcome: Outcome | null;
  readonly paused: Pause | null;
  /** Of a program that is judged by its answers: why. */
  readonly byAnswers: ByAnswers | null;
  readonly device: string;
  readonly labels: readonly string[];
  readonly language: string;
  readonly problem: string;
  readonly submitter: string;
  readonly priority: number;
}

export interface WhyCompile {
  /** Who compiles it, and for whom. */
  readonly host: string;
  readonly forHost: string;
  /** It is compiled, and on its way there. */
  readonly isTransfer: boolean;
  /** Asked of that host before it, and not answered. */
  readonly before: number;
  readonly slots: number;
  readonly sinceMs: number;
}

export interface WhyHost {
  readonly name: string;
  readonly state: 'connecting' | 'connected' | 'unreachable' | 'refused';
  readonly reason: string | null;
  readonly labels: readonly string[];
  /** Null before its first connection. */
  readonly languages: readonly string[] | null;
  readonly devices: readonly WhyHostDevice[];
}

export interface WhyHostDevice {
  readonly id: string;
  readonly class: string;
  readonly model: string;
  /** What its runner says. */
  readonly unavailable: string | null;
  /** For whom it is booked, and until when; null or left out: for nobody. */
  readonly booking?: Booking | null;
  /** In a sentence. */
  readonly quarantine: string | null;
  /** Of one that takes work and is not healthy, in words; left out where nothing is to be said. */
  readonly condition?: string | null;
}

export interface WhyQueue {
  /** Why the queue does not answer, or null. */
  readonly failure: string | null;
  readonly hasJob: boolean;
  /** Of its class, by priority and submission. */
  readonly before: number;
}
