/** Confirmed improvements and what they cost, counted from generations by something that they have in common. Pure. */
import type { Generation } from '../../../domain/campaign/campaign.ts';

/** One question that is through. */
export interface Outcome {
  readonly micros: number;
  readonly deviceMs: number;
  readonly isCandidate: boolean;
  /** Logarithm of the ratio to the front before; null where it did not go beyond it. */
  readonly gain: number | null;
}

export interface Counts {
  readonly asked: number;
  readonly judged: number;
  /** Improvements of the front that measurements vouch for. */
  readonly accepted: number;
  readonly micros: number;
  readonly deviceMs: number;
  /** Sum of logarithms. */
  readonly gain: number;
}

export interface Tally<Of> {
  /** `sign`: -1 takes back what was counted of it. */
  count(of: Of, generation: Generation, sign: 1 | -1): void;
  read(): readonly (Of & Counts)[];
  /** Null before the first. */
  counts(of: Of): Counts | null;
  /** What went out last, at most as many as are kept. */
  recent(of: Of): readonly Outcome[];
}

interface Line<Of> {
  counts: Of & Counts;
  readonly recent: Map<number, Outcome>;
}

export const NOTHING: Counts = { asked: 0, judged: 0, accepted: 0, micros: 0, deviceMs: 0, gain: 0 };

export const createTally = <Of extends object>(options: {
  readonly keyOf: (of: Of) => string;
  readonly recentMax: number;
  /** Which of them `recent` returns; all where it is not said. */
  readonly isRecent?: (generation: Generation) => boolean;
}): Tally<Of> => {
  const { keyOf, recentMax, isRecent = () => true } = options;
  const lines = new Map<string, Line<Of>>();
  return {
    count: (of, generation, sign) => {
      const line = lines.get(keyOf(of)) ?? { counts: { ...of, ...NOTHING }, recent: new Map<number, Outcome>() };
      lines.set(keyOf(of), line);
      const outcome = outcomeOf(generation);
      line.counts = { ...line.counts, ...withOne(line.counts, { generation, outcome, sign }) };
      line.recent.delete(generation.number);
      if (sign < 0 || !outcome || !isRecent(generation)) return;
      line.recent.set(generation.number, outcome);
      if (line.recent.size > recentMax) line.recent.delete(Math.min(...line.recent.keys()));
    },
    read: () => [...lines.values()].map(({ counts }) => counts).filter(({ asked }) => asked > 0),
    counts: (of) => lines.get(keyOf(of))?.counts ?? null,
    recent: (of) => [...(lines.get(keyOf(of))?.recent.values() ?? [])],
  };
};

/** Null while it is under way. */
const outcomeOf = ({ state, usage }: Generation): Outcome | null => {
  switch (state.status) {
    case 'judged':
      return {
        micros: usage.micros,
        deviceMs: state.deviceMs,
        isCandidate: true,
        gain: state.gain === undefined ? null : Math.log(state.gain),
      };
    case 'failed':
    case 'diagnosed':
      return { micros: usage.micros, deviceMs: 0, isCandidate: false, gain: null };
    case 'lost':
      return { micros: state.reservedMicros, deviceMs: 0, isCandidate: false, gain: null };
    case 'asked':
    case 'answered':
    case 'submitted':
      return null;
  }
};

interface Counting {
  readonly generation: Generation;
  readonly outcome: Outcome | null;
  readonly sign: 1 | -1;
}

const withOne = (counts: Counts, { generation, outcome, sign }: Counting): Counts => ({
  asked: counts.asked + sign,
  judged: counts.judged + (generation.state.status === 'judged' ? sign : 0),
  accepted: counts.accepted + (outcome?.gain === null || outcome === null ? 0 : sign),
  micros: counts.micros + sign * (outcome?.micros ?? generation.usage.micros),
  deviceMs: counts.deviceMs + sign * (outcome?.deviceMs ?? 0),
  gain: counts.gain + sign * (outcome?.gain ?? 0),
});
