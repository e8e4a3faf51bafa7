import { type Duplex, duplexPair } from 'node:stream';
import { type AttemptId, ContentHash, DeviceId } from '../../src/domain/ids.ts';
import type { FromRunner, Inventory, JudgeTask, ToRunner } from '../../src/domain/protocol.ts';
import { FromRunner as FromRunnerSchema } from '../../src/domain/protocol.ts';
import { encodeFrame, FrameDecoder } from '../../src/domain/frames.ts';
import type { Transport } from '../../src/gpu/host-session.ts';

export const INVENTORY: Inventory = {
  hostname: 'h',
  machineId: 'm',
  cores: 2,
  memoryBytes: 1,
  python: '3',
  driver: null,
  nvrtc: null,
  nvcc: null,
  gcc: null,
  triton: null,
  ncu: null,
  languages: ['c'],
  compileSlots: 2,
  devices: [],
  warnings: [],
};

export const helloOf = (inventory: Partial<Inventory> = {}): FromRunner =>
  FromRunnerSchema.parse({
    type: 'hello',
    protocol: 1,
    runnerId: 'r1',
    runnerHash: 'x',
    inventory: { ...INVENTORY, ...inventory },
    queued: [],
    running: [],
    finished: [],
    problems: [],
  });

/** Whatever: no judge reads it. */
export const taskOf = (attemptId: AttemptId): JudgeTask => ({
  attemptId,
  deviceId: DeviceId.parse('gpu-0'),
  problemKey: ContentHash.parse('a'.repeat(64)),
  artifact: ContentHash.parse('b'.repeat(64)),
  plans: { odd: { launches: [], scratch: {} } },
  timing: {
    method: 'cached',
    warmupRuns: 0,
    runsMin: 1,
    runsMax: 1,
    targetRelativeCi: 0.1,
    caseBudgetMs: 1,
    baselineAgeMsMax: 1,
  },
  record: null,
  limitMs: 1,
  waitedMs: 0,
});

/** The runner's end of one stream, driven by the test. */
export class RunnerEnd {
  readonly received: ToRunner[] = [];
  /** Of each of these frames. */
  readonly payloads: Buffer[] = [];
  readonly stream: Duplex;

  constructor(stream: Duplex) {
    this.stream = stream;
    const decoder = new FrameDecoder();
    stream.on('data', (chunk: Buffer) => {
      for (const { header, payload } of decoder.push(chunk)) {
        this.received.push(header as ToRunner);
        this.payloads.push(payload);
      }
    });
    stream.on('error', () => undefined);
    stream.on('end', () => stream.end());
  }

  send(frame: object): void {
    this.stream.write(encodeFrame(frame));
  }

  /** In one piece, as a busy network delivers them. */
  sendTogether(...frames: readonly object[]): void {
    this.stream.write(Buffer.concat(frames.map((frame) => encodeFrame(frame))));
  }

  get types(): readonly string[] {
    return this.received.map((frame) => frame.type);
  }
}

/** Each `open` gives a new stream, or fails with the next of `failures`. */
export class ScriptedTransport implements Transport {
  readonly ends: RunnerEnd[] = [];
  failures: Error[] = [];
  closed = 0;
  runnersStopped = 0;

  open = async (signal: AbortSignal): Promise<Duplex> => {
    signal.throwIfAborted();
    const failure = this.failures.shift();
    if (failure) throw failure;
    const [ours, theirs] = duplexPair();
    this.ends.push(new RunnerEnd(theirs));
    return ours;
  };
  openWork = async (): Promise<Duplex> => Promise.reject(new Error('nobody works on a scripted host'));
  stopRunner = async (): Promise<void> => {
    this.runnersStopped += 1;
  };
  close = async (): Promise<void> => {
    this.closed += 1;
  };

  get last(): RunnerEnd {
    const end = this.ends.at(-1);
    if (!end) throw new Error('nothing was opened');
    return end;
  }
}
