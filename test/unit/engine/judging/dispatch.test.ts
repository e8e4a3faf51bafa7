import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CandidateContent, Submission } from '../../../../src/domain/candidate.ts';
import { attemptIdOf, CandidateId, ContentHash, type HostId } from '../../../../src/domain/ids.ts';
import { Program } from '../../../../src/domain/program.ts';
import type { JudgeTask, ProblemDefinition } from '../../../../src/domain/protocol.ts';
import { createActiveCandidate } from '../../../../src/engine/active-candidates.ts';
import { createBundles } from '../../../../src/engine/compiling/bundles.ts';
import type { HostState } from '../../../../src/engine/host-state.ts';
import { sendJudge } from '../../../../src/engine/judging/dispatch.ts';
import type { EngineState } from '../../../../src/engine/state.ts';
import { type LoadedProblem, loadProblem } from '../../../../src/problems/load-problems.ts';
import { hiddenCasesBy } from '../../../support/hidden-cases.ts';
import { LENIENT } from '../../../support/lenient-rules.ts';
import { createNotingHost } from '../../../support/noting-host.ts';
import { writeScale } from '../../../support/scale-folder.ts';
import { seededInt } from '../../../support/seeded-int.ts';

/** More than any hidden set lasts. */
const MANY = 5000;
const ID = CandidateId.parse(`c-${'0'.repeat(32)}`);
let root = '';
let loaded: LoadedProblem;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'kiln-dispatch-'));
  loaded = loadProblem(writeScale(root, { reference: 'program', hiddenUpTo: 100_000 }));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** One host, what it is told of the problem, and its tasks. */
const begin = () => {
  const hosts = new Map<HostId, HostState>();
  const shared = {
    rules: LENIENT.rules as EngineState['rules'],
    hidden: hiddenCasesBy(seededInt(1)),
    fronts: { places: 0 } as EngineState['fronts'],
    active: new Map(),
    hosts,
    compileHosts: new Set<HostState>(),
    bundles: createBundles(),
  } satisfies Partial<EngineState>;
  const state = shared as Partial<EngineState> as EngineState;
  const { host } = createNotingHost({ state, hosts }, 'box', { gpus: 1 });
  const defined = new Map<string, ProblemDefinition>();
  const tasks: JudgeTask[] = [];
  Object.assign(host.session, {
    defineProblem: (definition: ProblemDefinition) => defined.set(definition.key, definition).size > 0,
    judge: (task: JudgeTask) => tasks.push(task) > 0,
  });
  const judge = (attempt: number): void => {
    const [device] = host.devices;
    if (!device) throw new Error('it has a GPU');
    const attemptId = attemptIdOf(ID, attempt);
    const { hostId } = host.session;
    const artifact = ContentHash.parse('a'.repeat(64));
    sendJudge(state, { type: 'judge', id: ID, attemptId, hostId, deviceId: device.id, mode: 'screen', artifact, waitedMs: 0 });
  };
  return { state, judge, tasks, defined };
};

/** A candidate that is judged: a program where it says so. */
const submit = (state: EngineState, program?: Program) => {
  const kernel =
    '/* kiln\nlaunch:\n  - {kernel: k, grid: [1], block: [32], args: [x, y, n]}\n*/\nextern "C" __global__ void k(const float* x, float* y, int n) {}\n';
  const content = CandidateContent.parse({
    problem: 'scale',
    problemVersion: loaded.contentHash('gpu'),
    language: program ? 'python' : 'cuda',
    source: program ? 'def custom_kernel(data):\n    pass\n' : kernel,
    params: {},
    device: 'H100',
    trial: 0,
    ...(program && { program: { ...program, environmentKey: null } }),
  });
  const submission = Submission.parse({ content, priority: 1, submitter: 'ada', labels: [], sweepId: null });
  const candidate = createActiveCandidate(ID, submission, loaded, { nowMs: 0, byAnswers: null });
  state.active.set(ID, candidate);
  return candidate;
};

/** That the problem's reference is recorded in. */
const casesOf = (definition: ProblemDefinition | undefined): readonly string[] =>
  definition?.reference.language === 'python' ? definition.reference.cases.map(({ name }) => name) : [];
const caseOf = ({ hidden }: JudgeTask): string => (hidden && 'case' in hidden ? hidden.case.name : 'none');

test('whoever is judged has a hidden case that the problem’s programs are recorded in, while one set follows another', () => {
  const { state, judge, tasks, defined } = begin();
  submit(state);
  for (let attempt = 1; attempt <= MANY; attempt += 1) judge(attempt);
  expect(tasks).toHaveLength(MANY);
  expect(defined.size).toBeGreaterThan(1);
  const recorded = new Map([...defined].map(([key, definition]) => [key, casesOf(definition)]));
  expect(tasks.filter((task) => recorded.get(task.problemKey)?.includes(caseOf(task)) !== true)).toEqual([]);
});

test('a program is judged by the set of what it was recorded in, though others have the next one', () => {
  const { state, judge, tasks, defined } = begin();
  const entry = { file: 'submission.py', symbol: 'custom_kernel', style: 'custom_kernel' } as const;
  const candidate = submit(state, Program.parse({ entry }));
  const drawn = state.hidden.ofProgram(candidate);
  for (let draw = 0; draw < MANY; draw += 1) state.hidden.draw(loaded, 'gpu');
  judge(1);
  const [task] = tasks;
  expect([task?.hidden?.kind, task && caseOf(task)]).toEqual(['program', drawn?.item.name]);
  expect(casesOf(defined.get(task?.problemKey ?? ''))).toContain(drawn?.item.name);
  const others = new Set(state.hidden.setOf(loaded, 'gpu')?.cases.map(({ name }) => name));
  expect(casesOf(defined.get(task?.problemKey ?? '')).some((name) => others.has(name))).toBe(false);
});
