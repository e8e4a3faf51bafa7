import { afterAll, beforeAll } from 'vitest';
import type { Kiln } from '../../../src/domain/ports/kiln.ts';
import { loadProblems } from '../../../src/problems/load-problems.ts';
import { openEngine, type OpenEngine } from '../../support/open-engine.ts';
import { createFakeFleetControl } from '../../support/server/fake-fleet-control.ts';
import { createFakeKiln } from '../../support/server/fake-kiln.ts';
import { describeKiln } from './kiln.conformance.ts';

let open: OpenEngine;

beforeAll(async () => {
  open = await openEngine(loadProblems('kernels'));
});
afterAll(async () => open.close());

describeKiln(
  'the engine',
  (): Kiln => ({
    ...open.engine.kiln,
    fleetControl: createFakeFleetControl(),
    collectGarbage: async (request) => fake.collectGarbage(request),
    notReady: async () => Promise.resolve(open.engine.kiln.notReady()),
  }),
);

const fake = createFakeKiln();
describeKiln('the one in memory', () => fake);
