import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CliRun, runCli } from '../../support/server/run-cli.ts';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

let server: FakeServer;
let folder: string;
beforeEach(async () => {
  server = await serveFake();
  folder = mkdtempSync(`${tmpdir()}/kiln-cli-`);
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const kiln = (...args: string[]): Promise<CliRun> => runCli(args, { url: server.url, cwd: folder });

describe('kiln host', () => {
  test.each([
    ['cordon', 'cordoned'],
    ['drain', 'draining'],
    ['quarantine', 'quarantined'],
  ])('%s holds a host, and says what holds it, who said so and why', async (verb, state) => {
    const run = await kiln('host', verb, 'box', '--reason', 'the fan\u001b[31m is loud');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(new RegExp(`^box: ${state} since \\S+ by \\S+ \\(operator\\)[^:]*: the fan.* is loud\\n$`, 'u'));
    expect(run.stdout).not.toContain('\u001b');
  });

  test.each(['box/0', 'box/GPU-1'])('drain %s holds one device, by its number or its id', async (name) => {
    const run = await kiln('host', 'drain', name, '--reason', 'the fan', '--json');
    expect(JSON.parse(run.stdout)).toMatchObject({ hosts: [{ host: 'box', hold: null, devices: [{ device: 'GPU-1' }] }] });
  });

  test('holds every connected host with a label', async () => {
    const run = await kiln('host', 'cordon', '--label', 'lab', '--reason', 'a new driver', '--json');
    expect(JSON.parse(run.stdout)).toMatchObject({ hosts: [{ host: 'box', hold: { state: 'cordoned' } }] });
    expect(await kiln('host', 'cordon', '--label', 'attic', '--reason', 'x')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no host has the label attic; labels are: lab/u) as string,
    });
  });

  test.each(['resume', 'clear'])('%s takes it back', async (verb) => {
    expect(await kiln('host', verb, 'box', '--reason', 'it is back')).toMatchObject({ code: 0, stdout: 'box takes work\n' });
  });

  test('book gives it to one submitter for a time, and unbook ends that', async () => {
    const words = ['host', 'book', 'box', '--submitter', 'ada', '--for', '2h', '--reason', 'a paper'];
    expect((await kiln(...words)).stdout).toMatch(
      /^box: booked for ada until 2026-01-02T05:04:05.000Z by \S+ \(operator\)[^:]*: a paper\n$/u,
    );
    expect(await kiln('host', 'unbook', 'box', '--reason', 'done')).toMatchObject({
      code: 0,
      stdout: 'box is booked for nobody\n',
    });
    expect((await kiln(...words.map((word) => (word === '2h' ? 'soon' : word)))).stderr).toMatch(/must be a duration such as/u);
    expect((await kiln('host', 'book', 'box', '--reason', 'x')).stderr).toMatch(/required option '--submitter <name>'/u);
    expect((await kiln('host', 'book', 'box/9', ...words.slice(3))).stderr).toMatch(/box has no device 9/u);
  });

  test('says what to do about a missing reason, an unknown host and an unknown device', async () => {
    expect(await kiln('host', 'drain', 'box')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/required option '--reason <text>' not specified/u) as string,
    });
    expect((await kiln('host', 'drain', 'nobody', '--reason', 'x')).stderr).toMatch(/there is no host "nobody"/u);
    expect((await kiln('host', 'drain', 'box/7', '--reason', 'x')).stderr).toMatch(
      /box has no device 7; its devices are 0 \(GPU-1\)/u,
    );
    expect((await kiln('host', 'drain', '--reason', 'x')).stderr).toMatch(/no host was named: give its NAME, --all or --label/u);
  });

  test('states says of each device whether it is trusted, why not and since when', async () => {
    expect((await kiln('host', 'states')).stdout).toMatch(
      /^HOST +DEVICE +STATE +SINCE +WHY\nbox +GPU-1 +healthy +2026-01-01T\S+ +-\n/u,
    );
    expect((await kiln('host', 'states', 'nobody')).stderr).toMatch(/there is no host "nobody"; known are box/u);
  });
});

describe('kiln problem', () => {
  test('reload says what came, changed and went, and exits with 1 where a folder does not load', async () => {
    const run = await kiln('problem', 'reload');
    expect(run).toMatchObject({ code: 1, stderr: '' });
    expect(run.stdout).toBe(
      '+ softmax is new\n' +
        '~ vector_add is another now; what waits keeps the version of before\n' +
        '- old is gone; what waits keeps it\n' +
        '1 problem stays as it is\n' +
        'half_done does not load: kernels/half_done/problem.yaml: tensors: is missing\n',
    );
    expect((await kiln('problems')).stdout).toMatch(/half_done does not load/u);
    expect((await kiln('problems', 'vector_add')).stdout).toMatch(
      /^aaaaaaaaaaaa +now +H100 +5 +2 +0 .*\nbbbbbbbbbbbb +before +H100 +5 +2 +1 /mu,
    );
  });
});

test('kiln gc counts what is old, or says what was removed and where it is', async () => {
  expect((await kiln('gc', '--older-than', '90', '--dry-run')).stdout).toMatch(/^PROBLEM +WOULD GO\nvector_add +3\n$/u);
  expect((await kiln('gc', '--older-than', '90')).stdout).toMatch(
    /3 candidates were removed\nthey are in \/var\/lib\/kiln\/exports\//u,
  );
  expect((await kiln('gc')).code).toBe(2);
});
