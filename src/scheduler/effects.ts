/** What the shell must do, in order. Effects name only hosts that are attached. */
import type { ByAnswers, CandidateState } from '../domain/candidate.ts';
import type { QuarantineCause } from '../domain/canary.ts';
import type { AttemptId, CandidateId, ContentHash, DeviceId, HostId } from '../domain/ids.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { JudgeMode } from './events.ts';

/** States the scheduler moves a candidate to; `queued` comes as `requeued`, `done` as `finished`. */
export type MovedState = Extract<CandidateState, { status: 'compiling' | 'ready' | 'judging' | 'confirming' }>;

export type Effect =
  /** Compile on `hostId` for its devices of `deviceModel`; answered by `compiled`. */
  | { readonly type: 'compile'; readonly id: CandidateId; readonly hostId: HostId; readonly deviceModel: string }
  /** Nobody waits for it any more; no answer is needed. */
  | { readonly type: 'cancel-compile'; readonly id: CandidateId; readonly hostId: HostId }
  | {
      readonly type: 'judge';
      readonly id: CandidateId;
      readonly attemptId: AttemptId;
      readonly hostId: HostId;
      readonly deviceId: DeviceId;
      readonly mode: JudgeMode;
      readonly artifact: ContentHash;
      /** Since it could have been sent. */
      readonly waitedMs: number;
    }
  /** Answered by `retracted` with those that had not started. */
  | { readonly type: 'retract'; readonly hostId: HostId; readonly attemptIds: readonly AttemptId[] }
  | { readonly type: 'cancel'; readonly hostId: HostId; readonly attemptId: AttemptId }
  /** Results that nobody waits for: acknowledge and forget. */
  | { readonly type: 'ack-stale'; readonly hostId: HostId; readonly attemptIds: readonly AttemptId[] }
  /** Have a known-good candidate compiled and judged there; answered by `canary-ended`. `suspicion`: why it comes before its time, or null. */
  | { readonly type: 'canary'; readonly hostId: HostId; readonly deviceId: DeviceId; readonly suspicion: string | null }
  /** A canary passed: the verdicts of before it was asked stand. `returned`: the device works again, on probation. */
  | {
      readonly type: 'trust';
      readonly hostId: HostId;
      readonly deviceId: DeviceId;
      readonly returned: boolean;
      readonly isOnProbation: boolean;
    }
  /**
   * The device takes no work, and its verdicts since the last canary that passed are in doubt: a canary failed, the `failures`-th in a row, or `cause`.
   * `isNew`: it worked until now.
   */
  | {
      readonly type: 'quarantine';
      readonly hostId: HostId;
      readonly deviceId: DeviceId;
      readonly failures: number;
      readonly retryMs: number;
      readonly cause: QuarantineCause;
      readonly isNew: boolean;
    }
  /** The same, but it works on: more than half of its class would be gone. A person has to decide. */
  | {
      readonly type: 'quarantine-held';
      readonly hostId: HostId;
      readonly deviceId: DeviceId;
      readonly cause: QuarantineCause;
    }
  /** To be persisted with its journal event. */
  | { readonly type: 'moved'; readonly id: CandidateId; readonly state: MovedState }
  /** Back to `queued`. `infra` counts one infra failure. */
  | {
      readonly type: 'requeued';
      readonly id: CandidateId;
      readonly reason: string;
      readonly infra: boolean;
      /** The model it is to be confirmed on, where it was screened already. */
      readonly confirmOn?: string;
      /** Why it goes on by its answers from now on, where it has not done so before. */
      readonly byAnswers?: ByAnswers;
    }
  /** Paused: the scheduler has forgotten it, without a word on it. */
  | { readonly type: 'released'; readonly id: CandidateId }
  /**
   * The final word; the scheduler has forgotten the candidate. Every `judged` event that is not answered by `ack-stale` was used: its attempt
   * is to be acknowledged once what follows from it is stored.
   */
  | {
      readonly type: 'finished';
      readonly id: CandidateId;
      readonly outcome: Outcome;
      /** Whose result it is, so of the screening where a would-be record could not be confirmed; null where no judge said it. */
      readonly attemptId: AttemptId | null;
    };
