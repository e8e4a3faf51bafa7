import { expect, test } from 'vitest';
import { bringToWork, type Step } from '../../../src/cli/bring-to-work.ts';
import type { FleetView } from '../../../src/domain/api/fleet.ts';
import { Candidate } from '../../../src/domain/candidate.ts';
import { HostId } from '../../../src/domain/ids.ts';
import { idOf } from '../../support/builders.ts';
import { passed } from '../../support/server/fake-outcomes.ts';
import { INVENTORY } from '../../support/scripted-runner.ts';
import { FLEET } from '../../support/server/fake-fleet.ts';
import { PROBLEM } from '../../support/server/fake-problem.ts';

const AT = '2026-01-01T00:00:00.000Z';
const ID = idOf('first');
const { devices: _devices, ...inventory } = INVENTORY;
const NAME = HostId.parse('box');
const JUDGED = Candidate.parse({
  id: ID,
  submission: {
    problem: 'vector_add',
    language: 'cuda',
    params: {},
    device: 'H100',
    trial: 1,
    sourceBytes: 1,
    priority: 1,
    submitter: 'ada',
    labels: [],
    sweepId: null,
  },
  state: { status: 'done', outcome: passed(2), finishedAt: AT },
  attempts: [],
  score: null,
  compileLog: '',
  infraFailures: 0,
  submittedAt: AT,
  updatedAt: AT,
});

type Daemon = Parameters<typeof bringToWork>[0];

/** A daemon whose one host compiles nothing until its inventory was taken again. */
const daemon = (): Daemon => {
  let languages: readonly 'cuda'[] = [];
  const fleet = (): FleetView => ({
    ...FLEET,
    hosts: FLEET.hosts.map((host) => ({ ...host, inventory: { ...inventory, languages: [...languages] } })),
  });
  return {
    url: 'http://127.0.0.1:1',
    fleet: async () => Promise.resolve(fleet()),
    refreshHosts: async () => {
      languages = ['cuda'];
      return Promise.resolve({ hosts: [{ host: NAME, status: 'changed', reason: null, changes: [] }] });
    },
    problem: async () => Promise.resolve({ problem: PROBLEM, readme: '', files: { 'seeds/1-naive.cu': 'source' } }),
    submit: async () =>
      Promise.resolve({ candidates: [{ id: ID, known: false, status: 'queued', verdict: null, message: null }] }),
    candidate: async () => Promise.resolve(JUDGED),
  };
};

const stepsOf = async (name: string): Promise<readonly Step[]> => {
  const steps: Step[] = [];
  for await (const step of bringToWork(daemon(), name)) steps.push(step);
  return steps;
};

test('a host is told by what it has after its inventory was taken again', async () => {
  const steps = await stepsOf(NAME);
  expect(steps.map(({ step, ok }) => [step, ok])).toEqual([
    ['runner', true],
    ['environment', true],
    ['first candidate', true],
  ]);
  expect(steps[1]?.found).toMatch(/^compiles cuda; NVIDIA/u);
  expect(steps[2]?.found).toMatch(`${ID} passed on`);
});

test('a host that the daemon does not know ends at the first step, with what to do', async () => {
  const steps = await stepsOf('nobody');
  expect(steps).toMatchObject([{ step: 'runner', ok: false, remedy: expect.stringContaining('kiln fleet reload') as string }]);
});
