import { expect, test } from 'vitest';
import { type Fault, simulateFault } from '../../../bench/quarantine/simulation.ts';

const SEEDS = Array.from({ length: 10 }, (_, at) => at + 1);
const FAULTS: readonly (readonly [string, Fault])[] = [
  ['a compiler that miscompiles', { kind: 'compiler' }],
  ['a device that flips a bit', { kind: 'bit', share: 1 }],
];

test.each(FAULTS)(
  '%s is out within 100 of its verdicts, nothing wrong stays, and nobody else is touched: ten times, with other seeds',
  (_name, fault) => {
    for (const seed of SEEDS) {
      const outing = simulateFault({ fault, badShare: 0.4, seed, healthyMs: 5_000 });
      expect(outing, `seed ${seed}`).toMatchObject({ wrongInTheEnd: 0, healthyOut: 0 });
      expect(outing.verdicts, `seed ${seed}`).toBeLessThanOrEqual(100);
      expect(outing.verdicts, `seed ${seed}`).not.toBeNull();
    }
  },
);
