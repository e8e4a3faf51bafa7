/** What the feeding controller must cope with. Ranges are drawn from uniformly. */

interface Range {
  readonly low: number;
  readonly high: number;
}

export interface Incident {
  readonly atSeconds: number;
  readonly change: 'lose half of the hosts' | 'hosts come back' | 'ten times slower';
}

export interface Scenario {
  readonly name: string;
  readonly gpus: number;
  readonly agents: number;
  readonly targetSeconds: number;
  readonly thinkingSeconds: Range;
  readonly serviceMs: Range;
  readonly compileMs: Range;
  /** Share of the candidates that the compiler refuses. */
  readonly refused: number;
  /** Share of the answers that give no new candidate. */
  readonly wasted: number;
  readonly incidents: readonly Incident[];
  readonly warmupSeconds: number;
  readonly seconds: number;
}

/** The fleet and the agents that the others vary. */
export const USUAL: Scenario = {
  name: '1 to 20 s of thinking',
  gpus: 64,
  agents: 20_000,
  targetSeconds: 5,
  thinkingSeconds: { low: 1, high: 20 },
  serviceMs: { low: 70, high: 130 },
  compileMs: { low: 50, high: 150 },
  refused: 0,
  wasted: 0,
  incidents: [],
  warmupSeconds: 30,
  seconds: 90,
};
const AT_ONCE: Range = { low: 0, high: 0 };
const HALF_LOST: readonly Incident[] = [
  { atSeconds: 45, change: 'lose half of the hosts' },
  { atSeconds: 90, change: 'hosts come back' },
];

/** Devices at work / devices that take work, once warm. */
export const BUSY_MIN = 0.95;
/** Work that waits / target, at any time. */
export const HELD_MAX = 3;

export const SCENARIOS: readonly Scenario[] = [
  USUAL,
  { ...USUAL, name: '20 % do not compile, 10 % are nothing new', refused: 0.2, wasted: 0.1 },
  { ...USUAL, name: 'half of the hosts lost for 45 s', incidents: HALF_LOST, seconds: 130 },
  { ...USUAL, name: 'half lost, 20 % do not compile', refused: 0.2, incidents: HALF_LOST, seconds: 130 },
  { ...USUAL, name: 'generators that answer at once', thinkingSeconds: AT_ONCE },
  { ...USUAL, name: 'half lost, answers at once', thinkingSeconds: AT_ONCE, incidents: HALF_LOST, seconds: 130 },
  {
    ...USUAL,
    name: 'one device, 1 s a candidate',
    gpus: 1,
    serviceMs: { low: 700, high: 1300 },
    warmupSeconds: 60,
    seconds: 600,
  },
];
