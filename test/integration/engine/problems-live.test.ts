import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readProblems } from '../../../src/problems/load-problems.ts';
import { type EngineScenario, scenarios } from '../../support/engine-scenario.ts';
import { passed } from '../../support/judgements.ts';

const { start } = scenarios();
const FIXTURES = join(import.meta.dirname, '../../fixtures/problems');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-problems-'));
  cpSync(join(FIXTURES, 'scale'), join(folder, 'scale'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const yaml = (): string => join(folder, 'scale/problem.yaml');
/** Another tolerance: other verdicts may follow. */
const change = (): void => writeFileSync(yaml(), readFileSync(yaml(), 'utf8').replace(/rtol: [^,}]+/u, 'rtol: 0.25'));
const readAgain = () => readProblems(folder);

test('what waits is judged by the version it was submitted for, what comes later by the new one, also after a restart; rankings stay apart', async () => {
  const scenario = await start({ box: 1 }, {}, readAgain);
  await scenario.submit(1);
  const [before] = (await scenario.kiln.ranking('scale', { limit: 10 })).versions;
  change();
  expect(await scenario.kiln.reloadProblems()).toEqual({ added: [], changed: ['scale'], removed: [], unchanged: 0, refused: [] });
  await scenario.submit(2);
  const [after] = (await scenario.kiln.ranking('scale', { limit: 10 })).versions;
  expect(after).not.toBe(before);
  await scenario.stop();
  // The files of the version of before are gone: only the store has it.
  await scenario.begin();
  scenario.host.connect();
  await scenario.skipTo('box: compile 1');
  scenario.host.compiled(1);
  await scenario.skipTo('box: judge 1.11 screen');
  scenario.host.compiled(2);
  scenario.judged(1, 11, passed(2));
  await scenario.skipTo('box: judge 1.12 confirm');
  scenario.judged(1, 12, passed(2));
  await scenario.after(1, 'record');
  scenario.judged(2, 11, passed(2));
  await scenario.skipTo('box: judge 2.12 confirm');
  scenario.judged(2, 12, passed(2));
  await scenario.after(2, 'record');
  const versions = await scenario.kiln.problemVersions('scale');
  expect(versions.versions.map(({ version, isCurrent, ranked }) => ({ version, isCurrent, ranked }))).toEqual([
    { version: after, isCurrent: true, ranked: 1 },
    { version: before, isCurrent: false, ranked: 1 },
  ]);
  const ids = async (version?: string) =>
    (await scenario.kiln.ranking('scale', { limit: 10, version })).models.flatMap(({ entries }) =>
      entries.map(({ candidateId }) => candidateId),
    );
  expect(await ids()).toEqual([scenario.id(2)]);
  expect(await ids(before?.slice(0, 12))).toEqual([scenario.id(1)]);
  await expect(ids('0123456789')).rejects.toThrow(/has no version "0123456789"; candidates were submitted for: /u);
  await scenario.skipAll();
});

test('a folder that does not load is told and changes nothing: its problem goes on as it was', async () => {
  const scenario = await start({ box: 1 }, {}, readAgain);
  cpSync(join(folder, 'scale'), join(folder, 'other'), { recursive: true });
  writeFileSync(yaml(), 'name: scale\ntitle: half done\n');
  const { changed, refused } = await scenario.kiln.reloadProblems();
  expect(changed).toEqual([]);
  expect(refused.map(({ name }) => name)).toEqual(['other', 'scale']);
  expect(refused[1]?.reason).toMatch(/problem\.yaml/u);
  expect(scenario.kiln.problems().refused).toEqual(refused);
  await scenario.submit(1);
  await scenario.cancel(1);
  expect(await scenario.kiln.metrics()).toMatch(/kiln_problems_refused 2/u);
});

test('a problem whose folder is gone takes nothing new; what waits for it is judged', async () => {
  const scenario = await start({ box: 1 }, {}, readAgain);
  await scenario.submit(1);
  cpSync(join(folder, 'scale'), join(folder, 'kept'), { recursive: true });
  writeFileSync(join(folder, 'kept/problem.yaml'), readFileSync(yaml(), 'utf8').replace('name: scale', 'name: kept'));
  rmSync(join(folder, 'scale'), { recursive: true });
  expect(await scenario.kiln.reloadProblems()).toMatchObject({ added: ['kept'], removed: ['scale'] });
  await expect(scenario.submit(2)).rejects.toThrow(/no problem "scale"/u);
  scenario.host.connect();
  await scenario.skipTo('box: compile 1');
  await scenario.cancel(1);
  await scenario.skipAll();
});

const status = async (scenario: EngineScenario, n: number) => (await scenario.kiln.candidate(scenario.id(n))).state.status;

test('the record of a version before stands after a restart: a slower candidate of that version does not take it', async () => {
  const scenario = await start({ box: 1 }, {}, readAgain);
  await scenario.connect();
  await scenario.judging(1);
  scenario.judged(1, 1, passed(3));
  await scenario.skipTo('box: judge 1.2 confirm');
  scenario.judged(1, 2, passed(3));
  await scenario.after(1, 'record');
  await scenario.submit(2);
  change();
  await scenario.kiln.reloadProblems();
  await scenario.stop();
  // What waits is taken back before any host is there, and the version of before is no problem of the folder any more.
  await scenario.begin();
  await scenario.connect();
  await scenario.skipTo('box: compile 2');
  scenario.host.compiled(2);
  await scenario.skipTo('box: judge 2.11 screen');
  scenario.judged(2, 11, passed(2));
  // One that may be the record would be confirmed first.
  await scenario.until(async () => ['done', 'confirming'].includes(await status(scenario, 2)));
  expect(await status(scenario, 2)).toBe('done');
  await scenario.skipAll();
});

test('what was judged by a version before is profiled and judged again by it, after a restart too', async () => {
  const scenario = await start({ box: 1 }, {}, readAgain);
  await scenario.connect();
  await scenario.judging(1);
  scenario.judged(1, 1, passed(3));
  await scenario.skipTo('box: judge 1.2 confirm');
  scenario.judged(1, 2, passed(3));
  await scenario.after(1, 'record');
  change();
  await scenario.kiln.reloadProblems();
  await scenario.stop();
  await scenario.begin();
  await scenario.connect();
  await scenario.kiln.askProfile(scenario.id(1));
  await scenario.skipTo('box: compile 1');
  scenario.host.compiled(1);
  await scenario.skipTo('box: profile 1');
  await scenario.stop();
  await scenario.begin();
  const select = { ids: [scenario.id(1)] };
  const request = { select, dryRun: false, reason: 'somebody asked', priority: 1 };
  expect(await scenario.kiln.steer('rejudge', request)).toMatchObject({ matched: 1, changed: 1, unchanged: [] });
  await scenario.skipAll();
});

test('where rankings cannot be read, a reload fails and changes nothing; the next one does it', async () => {
  const scenario = await start({ box: 1 }, {}, readAgain);
  await scenario.connect();
  cpSync(join(folder, 'scale'), join(folder, 'kept'), { recursive: true });
  writeFileSync(join(folder, 'kept/problem.yaml'), readFileSync(yaml(), 'utf8').replace('name: scale', 'name: kept'));
  rmSync(join(folder, 'scale'), { recursive: true });
  const names = () => scenario.kiln.problems().problems.map(({ name }) => name);
  const isAsked = scenario.hold('records');
  const failing = scenario.kiln.reloadProblems();
  const fail = async () => {
    await isAsked;
    scenario.fail();
  };
  await Promise.all([expect(failing).rejects.toThrow('the store is away'), fail()]);
  expect(names()).toEqual(['scale']);
  expect(await scenario.kiln.reloadProblems()).toMatchObject({ added: ['kept'], removed: ['scale'] });
  expect(names()).toEqual(['kept']);
});
