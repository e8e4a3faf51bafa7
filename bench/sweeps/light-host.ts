/**
 * A host without a runner: `node light-host.ts NAME DEVICES MS …`, as the `command` of a host in a fleet file, answers the daemon's bootstrap itself and speaks the
 * runner's frames, in one process that does next to nothing. Kiln's own runner takes more processor time for a candidate than the daemon does.
 *
 * A candidate that cannot reach the front any more takes its device MS milliseconds and is stopped early in its first case; all others take CONTENDER times as
 * long and are timed to the end. Times follow from the artifact, as those of simulated judges do.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { DeviceId } from '../../src/domain/ids.ts';
import { encodeFrame, FrameDecoder } from '../../src/domain/frames.ts';
import type { CaseTiming, Stopped } from '../../src/domain/measurement.ts';
import type { FromRunner, Inventory, JudgeTask, ProblemDefinition, ToRunner } from '../../src/domain/protocol.ts';

type Task = Extract<ToRunner, { type: 'judge' }>['task'];
type Device = Inventory['devices'][number];
type Result = Extract<FromRunner, { type: 'result' }>['result'];

const CONTENDER = 10;
const HEALTH_MS = 2000;
const BASELINE_NS = 100_000;
const HALF_INTERVAL = 0.001;
/** Of what is timed to the end, and of what is stopped. */
const [RUNS, RUNS_STOPPED] = [100, 8];
const HASH_DIGITS = 8;

const [, , hostName = '', devicesText, msText, ...rest] = process.argv;
/** `python3 -I -c BOOTSTRAP MODE HASH FOLDER`. */
const mode = rest.at(-3);
const judgeMs = z.coerce.number().min(0).parse(msText);

const devices: readonly Device[] = Array.from({ length: z.coerce.number().int().positive().parse(devicesText) }, (_, index) => ({
  id: DeviceId.parse(`simulated-${hostName}-${index}`),
  kind: 'gpu',
  model: 'Kiln simulated GPU',
  architecture: 'sm_90a',
  memoryBytes: 80e9,
  multiprocessors: 132,
  l2Bytes: 50e6,
  copyBytesPerSecond: 8e12,
  unavailable: null,
}));

const inventory: Inventory = {
  hostname: hostName,
  machineId: hostName,
  cores: 64,
  memoryBytes: 512e9,
  python: '3.12.0',
  driver: 'simulated',
  nvrtc: 'simulated',
  nvcc: null,
  gcc: null,
  triton: null,
  ncu: null,
  languages: ['cuda'],
  compilers: { cuda: 'simulated' },
  confinement: { level: 'namespaces', why: '' },
  compileSlots: 64,
  devices: [...devices],
  warnings: [],
};

const HEARD = ['attach', 'problem', 'compile', 'judge', 'retract', 'ping', 'refresh', 'shutdown'] as const;
type Heard = Extract<ToRunner, { type: (typeof HEARD)[number] }>;

/** By its type alone: the daemon is this tree's, and to check its frames would cost most of all. */
const isHeard = (header: unknown): header is Heard =>
  typeof header === 'object' && header !== null && 'type' in header && HEARD.some((type) => type === header.type);

let unsent: Buffer[] = [];
const send = (frame: FromRunner): void => {
  if (unsent.length === 0) setImmediate(flush);
  unsent.push(encodeFrame(frame));
};
const flush = (): void => {
  process.stdout.write(Buffer.concat(unsent));
  unsent = [];
};

const problems = new Map<string, ProblemDefinition>();

/** One device: what waits for it, and where its time went. */
class Slot {
  readonly device: Device;
  readonly queue: Task[] = [];
  running: Task | null = null;
  #idleSinceMs: number | null = null;
  #lastEndMs = performance.now();
  readonly use = {
    measuringMs: 0,
    checkingMs: 0,
    loadingMs: 0,
    idleWithWorkMs: 0,
    idleWithoutWorkMs: 0,
    faultMs: 0,
    judged: 0,
  };

  constructor(device: Device) {
    this.device = device;
  }

  add(task: Task): void {
    this.queue.push(task);
    if (this.running) return;
    this.#begin();
    send({ type: 'started', attemptId: task.attemptId, deviceId: this.device.id });
  }

  /** Judgements begin where the last one should have ended: a timer is late, and a device is not. */
  #begin(): void {
    const task = this.queue.shift() ?? null;
    this.running = task;
    const nowMs = performance.now();
    if (!task) {
      this.#idleSinceMs = nowMs;
      return;
    }
    const gapMs = this.#idleSinceMs === null ? 0 : nowMs - this.#idleSinceMs;
    this.use.idleWithoutWorkMs += gapMs;
    const beginMs = this.#idleSinceMs === null ? this.#lastEndMs : nowMs;
    this.#idleSinceMs = null;
    const speedup = speedupOf(task.artifact);
    const isLost = task.race !== undefined && speedup < task.race.speedup;
    const ms = isLost ? judgeMs : judgeMs * CONTENDER;
    this.#lastEndMs = beginMs + ms;
    const end = (): void => this.#end(task, { isLost, ms });
    if (ms === 0) setImmediate(end);
    else setTimeout(end, Math.max(0, this.#lastEndMs - nowMs));
  }

  #end(task: Task, { isLost, ms }: { readonly isLost: boolean; readonly ms: number }): void {
    this.use.measuringMs += ms;
    this.use.judged += 1;
    this.#begin();
    const started = this.running?.attemptId ?? null;
    send({ type: 'result', result: resultOf(task, { device: this.device, isLost, ms }), started });
  }
}

const resultOf = (
  task: Task,
  { device, isLost, ms }: { readonly device: Device; readonly isLost: boolean; readonly ms: number },
): Result => ({
  attemptId: task.attemptId,
  deviceId: device.id,
  outcome: passed(task, isLost),
  infra: null,
  phases: { waitedMs: task.waitedMs, idleGapMs: 0, loadMs: 0, checkMs: 0, measureMs: ms, lockMs: 0, totalMs: ms },
  telemetry: {
    deviceId: device.id,
    smClockMhz: 1980,
    memoryClockMhz: 2619,
    powerW: 420,
    temperatureC: 52,
    throttleReasons: [],
  },
});

const passed = (task: Task, isLost: boolean): Extract<Result['outcome'], { verdict: 'passed' }> => {
  const cases = problems.get(task.problemKey)?.cases ?? [];
  const bench = cases.filter(({ kind }) => kind === 'bench').map(({ name }) => name);
  const timed = bench.slice(0, isLost ? 1 : bench.length).map((name) => timingOf(task, name, isLost ? RUNS_STOPPED : RUNS));
  const stopped = isLost && task.race ? stoppedBy(task, task.race, bench[0] ?? '') : null;
  return { verdict: 'passed', timings: timed, checkedCases: cases.length, ...(stopped && { stopped }) };
};

const stoppedBy = (task: Pick<JudgeTask, 'artifact'>, race: NonNullable<JudgeTask['race']>, name: string): Stopped => {
  const speedup = speedupOf(task.artifact);
  const { leastNs: _floors, ...needed } = race;
  return { after: 'runs', case: name, speedupMost: speedup * 1.001, timeLeastNs: BASELINE_NS / speedup, needed };
};

const timingOf = ({ artifact, timing, record }: Task, name: string, runs: number): CaseTiming => {
  const speedup = speedupOf(artifact);
  const own = { speedup, speedupLow: speedup * (1 - HALF_INTERVAL), speedupHigh: speedup * (1 + HALF_INTERVAL) };
  const sides = { candidate: statisticsOf(BASELINE_NS / speedup, runs), baseline: statisticsOf(BASELINE_NS, runs) };
  const ratio = record && speedup / speedupOf(record.artifact);
  return {
    case: name,
    ...sides,
    method: timing.method,
    ...own,
    ...(ratio !== null && {
      record: { ratio, ratioLow: ratio * (1 - HALF_INTERVAL), ratioHigh: ratio * (1 + HALF_INTERVAL) },
    }),
  };
};

const statisticsOf = (medianNs: number, runs: number): CaseTiming['candidate'] => ({
  runs,
  batch: 1,
  medianNs,
  trimmedMeanNs: medianNs,
  minNs: medianNs * 0.99,
  p10Ns: medianNs * 0.995,
  p95Ns: medianNs * 1.01,
  ciLowNs: medianNs * (1 - HALF_INTERVAL),
  ciHighNs: medianNs * (1 + HALF_INTERVAL),
});

const speedupOf = (artifact: string): number => 0.5 + (1.5 * Number.parseInt(artifact.slice(0, HASH_DIGITS), 16)) / 0xff_ff_ff_ff;

const slots = new Map<string, Slot>(devices.map((device) => [device.id, new Slot(device)]));

/** Plans and acknowledgements change nothing here, and what is under way cannot be cancelled. */
const onFrame = (frame: Heard): void => {
  switch (frame.type) {
    case 'attach':
      return hello();
    case 'problem':
      return void problems.set(frame.definition.key, frame.definition);
    case 'compile': {
      const artifact = createHash('sha256').update(JSON.stringify(frame.unit)).digest('hex');
      const compiler = { log: '', compiler: 'simulated', resources: {} };
      const result = { status: 'compiled' as const, artifact, cached: false, durationMs: 1, ...compiler };
      return send({ type: 'compiled', compileId: frame.compileId, result });
    }
    case 'judge':
      return slots.get(frame.task.deviceId)?.add(frame.task);
    case 'retract':
      return send({
        type: 'retracted',
        attemptIds: frame.attemptIds.filter((id) => [...slots.values()].some((slot) => dropFrom(slot, id))),
      });
    case 'ping':
      return send({ type: 'pong', nonce: frame.nonce });
    case 'refresh':
      return send({ type: 'inventory', inventory, failure: null, refreshIds: [frame.refreshId] });
    case 'shutdown':
      return process.exit();
  }
};

const dropFrom = ({ queue }: Slot, id: string): boolean => {
  const at = queue.findIndex(({ attemptId }) => attemptId === id);
  if (at >= 0) queue.splice(at, 1);
  return at >= 0;
};

const hello = (): void => {
  const none = { queued: [], running: [], finished: [], problems: [] };
  send({ type: 'hello', protocol: 1, runnerId: hostName, runnerHash: rest.at(-2) ?? '', inventory, ...none });
  send({ type: 'inventory', inventory, failure: null, refreshIds: [] });
  const health = (): void =>
    send({
      type: 'health',
      devices: [...devices],
      compileQueued: 0,
      compileRunning: 0,
      use: Object.fromEntries([...slots].map(([id, { use }]) => [id, use])),
    });
  health();
  setInterval(health, HEALTH_MS);
};

process.stdout.write('kiln-boot have\n');
if (mode !== 'attach') process.exit();
const decoder = new FrameDecoder();
process.stdin.on('data', (chunk: Buffer) => {
  for (const { header } of decoder.push(chunk)) if (isHeard(header)) onFrame(header);
});
process.stdin.on('end', () => process.exit());
