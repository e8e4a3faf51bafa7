/** One judge process, as the runner starts one, spoken to directly. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { z } from 'zod';
import type { Device } from '../../../src/domain/device.ts';
import { JudgePhases } from '../../../src/domain/measurement.ts';
import type { JudgeTask } from '../../../src/domain/protocol.ts';
import { encodeFrame, FrameDecoder } from '../../../src/domain/frames.ts';
import { RUNNER_SOURCE } from '../../../src/gpu/runner-archive.ts';

const STDERR_CHARS_MAX = 4000;
export const SIMULATED_MODEL = 'Kiln simulated GPU';

const Answer = z.object({
  type: z.string(),
  outcome: z.looseObject({ verdict: z.string() }).nullish(),
  infra: z.object({ code: z.string(), message: z.string() }).nullish(),
  phases: JudgePhases.omit({ waitedMs: true, idleGapMs: true }).optional(),
});

export interface JudgeAnswer {
  readonly verdict: string;
  readonly phases: Pick<JudgePhases, 'loadMs' | 'checkMs' | 'measureMs' | 'totalMs'>;
}

export interface JudgeChild {
  /** Resolves when its context is live. Rejects when it ends before. */
  readonly ready: Promise<void>;
  defineProblem(frame: object): void;
  judge(task: JudgeTask): void;
  /** Which task follows the one it works on, as a runner tells it. */
  announce(task: JudgeTask): void;
  /** Of the oldest task not answered yet. Rejects for an infra failure and when the process ends. */
  result(): Promise<JudgeAnswer>;
  kill(): Promise<void>;
}

export interface JudgePlace {
  readonly ordinal: number;
  /** Of the runner that compiled the artifacts. */
  readonly cacheFolder: string;
}

export const startJudge = (device: Device, options: JudgePlace): JudgeChild => {
  const command = device.model === SIMULATED_MODEL ? 'simulated-judge' : 'judge';
  const child = spawn(
    'python3',
    ['-m', 'kiln_runner', command, ...judgeArguments(device, options)],
    // oxlint-disable-next-line node/no-process-env -- the judge finds the driver as this process does
    { env: { ...process.env, PYTHONPATH: RUNNER_SOURCE, CUDA_DEVICE_ORDER: 'PCI_BUS_ID' }, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_CHARS_MAX);
  });
  // A judge that died is reported by its stdout's end.
  child.stdin.on('error', () => undefined);
  const answers = answersOf(child.stdout, () => stderr);
  const send = (frame: object): void => void child.stdin.write(encodeFrame(frame));
  const ready = until(answers, 'ready').then(() => undefined);
  // One that is killed while it starts is nobody's error; whoever waits for it hears of it all the same.
  ready.catch(() => undefined);
  return {
    ready,
    defineProblem: send,
    judge: (task) => send({ type: 'judge', task }),
    announce: (task) => send(upcomingOf(task)),
    result: async () => resultOf(await until(answers, 'result')),
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
};

const upcomingOf = ({ attemptId, artifact, plans }: JudgeTask): object => {
  const kernels = new Set(Object.values(plans).flatMap(({ launches }) => launches.map(({ kernel }) => kernel)));
  return { type: 'upcoming', attemptId, programs: { candidate: { artifact, kernels: [...kernels] } } };
};

const judgeArguments = ({ id }: Device, { ordinal, cacheFolder }: JudgePlace): readonly string[] => [
  '--kind',
  'gpu',
  '--device',
  id,
  '--ordinal',
  String(ordinal),
  '--cache',
  cacheFolder,
  '--lock',
  join(cacheFolder, `${id}.lock`),
];

type Answers = AsyncGenerator<z.infer<typeof Answer>, never>;

async function* answersOf(stream: AsyncIterable<Buffer>, lastWords: () => string): Answers {
  const decoder = new FrameDecoder();
  for await (const chunk of stream) {
    for (const { header } of decoder.push(chunk)) yield Answer.parse(header);
  }
  throw new Error(`the judge ended: ${lastWords()}`);
}

/** Skips the other frames. */
const until = async (answers: Answers, type: string): Promise<z.infer<typeof Answer>> => {
  for (;;) {
    const { value } = await answers.next();
    if (value.type === type) return value;
  }
};

const resultOf = ({ outcome, infra, phases }: z.infer<typeof Answer>): JudgeAnswer => {
  if (!outcome || !phases) throw new Error(`the judge failed: ${infra?.code} ${infra?.message}`);
  return { verdict: outcome.verdict, phases };
};
