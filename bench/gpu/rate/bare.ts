/** Sections without Kiln: one resident judge a GPU in a loop (the limit), and one process a candidate. */
import type { Device } from '../../../src/domain/device.ts';
import type { Judgement } from './figures.ts';
import { startJudge } from './judge-child.ts';
import type { JudgeAnswer, JudgeChild } from './judge-child.ts';
import { taskFor } from './prepared-work.ts';
import type { PreparedWork, Task } from './prepared-work.ts';

/** Tasks at the judge: one works, one waits in its pipe. */
const AHEAD = 2;
/** Processes whose contexts are made while another one judges. */
const PARKED = 4;

interface Slot {
  readonly device: Device;
  readonly ordinal: number;
}
const slotsOf = (work: PreparedWork, gpus: number): readonly Slot[] =>
  work.devices.slice(0, gpus).map((device, ordinal) => ({ device, ordinal }));

const judgementOf = (slot: Slot, { key }: Task, { verdict, phases }: JudgeAnswer): Judgement => ({
  key,
  deviceId: slot.device.id,
  verdict,
  finishedMs: performance.now(),
  totalMs: phases.totalMs,
  measureMs: phases.measureMs,
  checkMs: phases.checkMs,
  loadMs: phases.loadMs,
  idleGapMs: null,
});

export const runBare = async (work: PreparedWork, gpus: number): Promise<readonly Judgement[]> => {
  const tasks = work.tasks.values();
  const slots = slotsOf(work, gpus).map((slot) => ({
    slot,
    judge: startJudge(slot.device, { ...slot, cacheFolder: work.cacheFolder }),
  }));
  try {
    await Promise.all(slots.map(async ({ judge }) => judge.ready));
    const judged = await Promise.all(slots.map(async ({ slot, judge }) => loop(judge, { slot, problem: work.problem, tasks })));
    return judged.flat();
  } finally {
    await Promise.all(slots.map(async ({ judge }) => judge.kill()));
  }
};

const loop = async (
  judge: JudgeChild,
  { slot, problem, tasks }: { readonly slot: Slot; readonly problem: object; readonly tasks: IteratorObject<Task> },
): Promise<readonly Judgement[]> => {
  const done: Judgement[] = [];
  judge.defineProblem(problem);
  const unanswered: Task[] = [];
  for (;;) {
    while (unanswered.length < AHEAD) {
      const { value, done: isEnd } = tasks.next();
      if (isEnd) break;
      const task = taskFor(value, slot.device.id);
      if (unanswered.length > 0) judge.announce(task);
      judge.judge(task);
      unanswered.push(value);
    }
    const oldest = unanswered.shift();
    if (!oldest) return done;
    done.push(judgementOf(slot, oldest, await judge.result()));
  }
};

/** `PARKED` more than `sample` run first: contexts that were made before the clock started would flatter it. */
export const runProcessEach = async (
  work: PreparedWork,
  options: { readonly gpus: number; readonly sample: number },
): Promise<readonly Judgement[]> => {
  const tasks = work.tasks.slice(0, (options.sample + PARKED) * options.gpus).values();
  const judged = await Promise.all(slotsOf(work, options.gpus).map(async (slot) => processEach(work, slot, tasks)));
  return judged.flatMap((list) => list.slice(PARKED));
};

const processEach = async (work: PreparedWork, slot: Slot, tasks: IteratorObject<Task>): Promise<readonly Judgement[]> => {
  const start = (): JudgeChild => startJudge(slot.device, { ...slot, cacheFolder: work.cacheFolder });
  const started = Array.from({ length: PARKED }, start);
  const done: Judgement[] = [];
  try {
    for (const task of tasks) {
      const judge = started[done.length];
      if (!judge) throw new Error('no judge was parked');
      started.push(start());
      await judge.ready;
      judge.defineProblem(work.problem);
      judge.judge(taskFor(task, slot.device.id));
      done.push(judgementOf(slot, task, await judge.result()));
      // Not waited for: it dies while the next one judges.
      void judge.kill();
    }
  } finally {
    await Promise.all(started.map(async (judge) => judge.kill()));
  }
  return done;
};
