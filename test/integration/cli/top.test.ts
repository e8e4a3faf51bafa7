import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createClient } from '../../../src/client/create-client.ts';
import { runCli } from '../../support/server/run-cli.ts';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';

const MAIN = join(import.meta.dirname, '../../../src/cli/main.ts');
/** Part of util-linux: runs a command on a terminal of its own. */
const SCRIPT = '/usr/bin/script';
const hasScript = existsSync(SCRIPT);
const SCRIPT_MISSING = hasScript ? '' : ' (skipped: no script; apt-get install bsdutils)';
const LEAVE_SCREEN = '\u001b[?25h\u001b[?1049l';
const FRAME_START = '\u001b[H\u001b[J';

let server: FakeServer;
beforeEach(async () => {
  server = await serveFake();
});
afterEach(() => server.stop());

test('without a terminal it prints one frame: rates, classes, devices with their use, hosts with their reasons', async () => {
  const { code, stdout, stderr } = await runCli(['top'], { url: server.url });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^1\.3 verdicts\/s {3}.*oldest waits 2\.5 s, empty in 4\.2 s\n/);
  expect(stdout).toMatch(/^A100 +2 +0 +0 +- +no host of the fleet has this device class; 4 paused$/m);
  expect(stdout).toMatch(/^H100 +box +\[#{10}\+{4}--x\.__\] +50 % +5\.0 % +1\.50 ms\/12\.0 ms +4 +12 +idle$/m);
  expect(stdout).toMatch(/^box +connected +1\.50 ms +1\+0 +7 +22 % +80\.0 ms\/120 ms$/m);
  expect(stdout).toContain('time in a stage, p50/p99: queued 900 ms/2.00 s   judging 18.0 ms/25.0 ms');
  expect(stdout).toMatch(/^far: connection refused: is sshd running\? \(next try at 2026-.*\)$/m);
  expect(stdout).not.toContain('\u001b');
});

test('campaigns that are not over stand between the classes and the devices', async () => {
  const { id } = await createClient({ url: server.url }).createCampaign({ problems: ['vector_add'], budget: { minutes: 5 } });
  const { stdout } = await runCli(['top'], { url: server.url });
  expect(stdout).toMatch(new RegExp(`^${id} +running +0/8 +0 +0 +0\\.0 of 5 minutes +judging the starting points$`, 'm'));
  await createClient({ url: server.url }).stopCampaign(id);
  expect((await runCli(['top'], { url: server.url })).stdout).not.toContain(id);
});

test('--json prints what the API answered', async () => {
  const { stdout } = await runCli(['top', '--json'], { url: server.url });
  const { fleet, queue, campaigns } = JSON.parse(stdout) as { fleet: unknown; queue: unknown; campaigns: unknown };
  expect(campaigns).toEqual([]);
  expect(fleet).toEqual(await server.kiln.fleet());
  expect(queue).toEqual(await server.kiln.queue());
});

describe.skipIf(!hasScript)(`on a terminal${SCRIPT_MISSING}`, () => {
  test.each([
    ['q', 'q'],
    ['Ctrl-C', '\u0003'],
  ])('it redraws each second until %s, and leaves the terminal as it was', async (_name, key) => {
    const child = spawn(SCRIPT, ['-qec', `${process.execPath} ${MAIN} top`, '/dev/null'], {
      env: { ...process.env, KILN_URL: server.url, TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let shown = '';
    const drawnTwice = Promise.withResolvers<void>();
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
      if (shown.split(FRAME_START).length > 2) drawnTwice.resolve();
    });
    const closed = once(child, 'close');
    await drawnTwice.promise;
    child.stdin.write(key);
    expect(await closed).toEqual([0, null]);
    expect(shown).toContain('verdicts/s');
    expect(shown).toContain(LEAVE_SCREEN);
  });
});
