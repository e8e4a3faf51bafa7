/** One drive at a time for each sweep: what happens meanwhile makes another one follow; what fails is tried again after a while. */
import type { SweepId } from '../../domain/ids.ts';
import { doubledMs } from '../../platform/backoff.ts';
import type { SweepRun } from './sweep-run.ts';

const RETRY = { minMs: 200, maxMs: 5000 };

export interface Drives {
  wake(run: SweepRun): void;
  /** Resolves when the drive that goes on now is over. */
  idle(id: SweepId): Promise<void>;
  /** Resolves when none goes on any more. */
  stop(): Promise<void>;
}

export interface DrivesDeps {
  readonly drive: (run: SweepRun) => Promise<void>;
  /** Nothing goes on for it now. */
  readonly onRest: (run: SweepRun) => unknown;
  /** Resolves to whether it is tried again. */
  readonly onFailure: (run: SweepRun, error: unknown) => Promise<boolean>;
}

export const createDrives = ({ drive, onRest, onFailure }: DrivesDeps): Drives => {
  const going = new Map<SweepId, Promise<void>>();
  const again = new Set<SweepId>();
  const failures = new Map<SweepId, number>();
  const retries = new Set<NodeJS.Timeout>();
  let isStopped = false;

  const wake = (run: SweepRun): void => {
    const { id } = run.record;
    if (isStopped) return;
    if (going.has(id)) again.add(id);
    else
      going.set(
        id,
        once(run).finally(() => rest(run)),
      );
  };
  const rest = (run: SweepRun): void => {
    const { id } = run.record;
    going.delete(id);
    onRest(run);
    if (again.delete(id)) wake(run);
  };
  const once = async (run: SweepRun): Promise<void> => {
    try {
      await drive(run);
      run.trouble = null;
      failures.delete(run.record.id);
    } catch (error) {
      if (isStopped) return;
      run.trouble = error instanceof Error ? error.message : String(error);
      if (await onFailure(run, error)) retry(run);
    }
  };
  const retry = (run: SweepRun): void => {
    const count = (failures.get(run.record.id) ?? 0) + 1;
    failures.set(run.record.id, count);
    const timer = setTimeout(
      () => {
        retries.delete(timer);
        wake(run);
      },
      doubledMs(count, RETRY),
    );
    retries.add(timer);
  };
  return {
    wake,
    idle: async (id) => going.get(id),
    stop: async () => {
      isStopped = true;
      for (const timer of retries) clearTimeout(timer);
      await Promise.all(going.values());
    },
  };
};
