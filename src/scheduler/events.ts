/** What the shell tells the scheduler. Every event may arrive twice; events of one host arrive in the order its frames were read. */
import type { ByAnswers } from '../domain/candidate.ts';
import type { DeviceClass } from '../domain/device.ts';
import type { AttemptId, CandidateId, ContentHash, DeviceId, HostId } from '../domain/ids.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Language } from '../domain/plan/plan.ts';
import type { InfraFailure } from '../domain/infra-failure.ts';
import type { Rules } from './state.ts';

/** `screen`: a first judgement. `confirm`: judged again, paired with the record holder, before it may take its place. */
export type JudgeMode = 'screen' | 'confirm';

/** A candidate as the scheduler sees it. */
export interface Task {
  readonly id: CandidateId;
  readonly device: DeviceClass;
  /** All must be on the host. */
  readonly labels: readonly string[];
  readonly language: Language;
  /** 1 is first. */
  readonly priority: number;
  readonly submitter: string;
  readonly queuedAtMs: number;
  /** Highest attempt number ever given out for it, so that no id is used twice over restarts of the daemon. */
  readonly attempts: number;
  readonly infraFailures: number;
  /** Hosts that failed it before; ignored where no other host matches. */
  readonly excludedHosts?: readonly HostId[];
}

export interface HostDevice {
  readonly deviceId: DeviceId;
  readonly class: DeviceClass;
  readonly model: string;
  /** Takes work now. */
  readonly available: boolean;
  /** The submitter whose candidates alone it may be given; null or left out: anybody's. */
  readonly bookedFor?: string | null;
}

export interface HostFacts {
  readonly hostId: HostId;
  /** New at each start of the runner: artifacts of an earlier runner are compiled again. */
  readonly runnerId: string;
  readonly labels: readonly string[];
  readonly languages: readonly Language[];
  readonly compileSlots: number;
  readonly rttMs: number;
  readonly devices: readonly HostDevice[];
}

/** What the runner's hello says it still holds. */
export interface HeldAttempts {
  readonly queued: readonly AttemptId[];
  readonly running: readonly AttemptId[];
  readonly finished: readonly AttemptId[];
}

export type CompileReport =
  | { readonly status: 'compiled'; readonly artifact: ContentHash }
  /** compile_error or timed_out: final. */
  | { readonly status: 'failed'; readonly outcome: Outcome }
  | { readonly status: 'infra'; readonly failure: InfraFailure };

export interface AttemptOutcome {
  readonly attemptId: AttemptId;
  readonly outcome: Outcome;
}

/** What JudgeResult holds, as a union. */
export type JudgeReport =
  | { readonly status: 'judged'; readonly outcome: Outcome }
  /** It passed, and its times are not those of the device: it is measured again, elsewhere if it can be. */
  | { readonly status: 'disturbed'; readonly reason: string }
  /** It is no verdict: the candidate is compiled and judged anew, another way, and is told of it by `requeued`. */
  | { readonly status: 'otherwise'; readonly byAnswers: ByAnswers }
  | { readonly status: 'infra'; readonly failure: InfraFailure };

export type SchedulerEvent =
  /** Known ids are ignored. */
  | {
      readonly type: 'task-added';
      readonly task: Task;
      /** The store says that an earlier life of the daemon had it screened: it is to be confirmed on this model. */
      readonly confirmOn?: string;
    }
  /** After a restart of the daemon: the store says the attempt was at a judge. Held until that host says hello, at most adoptGraceMs. */
  | {
      readonly type: 'task-adopted';
      readonly task: Task;
      readonly hostId: HostId;
      readonly deviceId: DeviceId;
      readonly attemptId: AttemptId;
      readonly mode: JudgeMode;
      /** `confirm` only: what the screening came to, if the shell still knows. */
      readonly screened: AttemptOutcome | null;
      /** `confirm` only: the model to confirm on, if the shell still knows. */
      readonly deviceModel?: string;
    }
  | { readonly type: 'task-cancelled'; readonly id: CandidateId }
  /** It is to wait outside: answered by `released`, at once unless a device has it. */
  | { readonly type: 'task-paused'; readonly id: CandidateId }
  /** A pause that was not answered yet does not hold any more. One that was is a new task. */
  | { readonly type: 'task-unpaused'; readonly id: CandidateId }
  | { readonly type: 'task-reprioritised'; readonly id: CandidateId; readonly priority: number }
  /** Attached, also again. Compile jobs asked for over an earlier connection count as lost. */
  | { readonly type: 'host-up'; readonly host: HostFacts; readonly attempts: HeldAttempts }
  | { readonly type: 'host-changed'; readonly host: HostFacts }
  | { readonly type: 'host-lost'; readonly hostId: HostId }
  /** It is given nothing more, and what its devices have goes on; or it takes work again. */
  | { readonly type: 'host-draining'; readonly hostId: HostId; readonly draining: boolean }
  /** It is no host of the fleet any more: what it still has goes elsewhere. */
  | { readonly type: 'host-removed'; readonly hostId: HostId }
  | { readonly type: 'compiled'; readonly id: CandidateId; readonly hostId: HostId; readonly result: CompileReport }
  | { readonly type: 'started'; readonly hostId: HostId; readonly attemptId: AttemptId }
  | {
      readonly type: 'judged';
      readonly hostId: HostId;
      readonly attemptId: AttemptId;
      readonly result: JudgeReport;
      /** Time the device was taken (phases.totalMs). */
      readonly serviceMs: number;
      /** Set when this may be a new record on that model, and was not paired with its holder yet: it is judged again in mode `confirm`. */
      readonly confirm: { readonly deviceModel: string } | null;
    }
  | { readonly type: 'retracted'; readonly hostId: HostId; readonly attemptIds: readonly AttemptId[] }
  /** What became of a `canary`. `failed`: the known-good candidate did not pass. `inconclusive`: it was not judged. */
  | {
      readonly type: 'canary-ended';
      readonly hostId: HostId;
      readonly deviceId: DeviceId;
      readonly result: 'passed' | 'failed' | 'inconclusive';
      readonly serviceMs: number;
    }
  /** A canary of that device is due at once. */
  | { readonly type: 'canary-wanted'; readonly hostId: HostId; readonly deviceId: DeviceId }
  /** Who compiled these computes wrongly: their code is not used any more, wherever they are, at nobody's cost. */
  | { readonly type: 'code-doubted'; readonly ids: readonly CandidateId[]; readonly reason: string }
  /** After a restart of the daemon, before its host is up: the store says that the device failed so many canaries in a row. */
  | {
      readonly type: 'quarantine-known';
      readonly hostId: HostId;
      readonly deviceId: DeviceId;
      readonly failures: number;
    }
  /** Something is wrong with the device that no candidate can bring about (src/domain/hosts/faults.ts), or it is over. */
  | { readonly type: 'device-fault'; readonly hostId: HostId; readonly deviceId: DeviceId; readonly present: boolean }
  /** An operator takes quarantined devices of the host back. */
  | { readonly type: 'host-resumed'; readonly hostId: HostId }
  /** Weights and limits of submitters, all of them anew; who is not named has a weight of 1 and no limit. */
  | { readonly type: 'submitters-set'; readonly rules: ReadonlyMap<string, Rules> }
  /** Device time that those with a limit were given so far, in the span that it is for: at the start, and when a new span begins. */
  | { readonly type: 'usage-set'; readonly usedMs: ReadonlyMap<string, number> }
  /** Time passed: send one at `nextWakeMs`, and about once a second. */
  | { readonly type: 'tick' };
