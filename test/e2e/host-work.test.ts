/** What people who work on remote GPUs do all day, with the commands of docs/hosts.md, over a real sshd. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { connect } from '../../src/client/kiln.ts';
import { sshdMissing, startSshd, type Sshd } from '../support/sshd.ts';
import { kilnFolder, type KilnFolder, type KilnProcess, processesNaming, startKiln } from '../support/kiln-process.ts';
import { HANG_MS } from '../support/limits.ts';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
const lentTo = async ({ client }: KilnProcess) =>
  (await client.fleet()).hosts[0]?.devices.find(({ kind }) => kind === 'gpu')?.unavailable;

const untilConnected = async ({ client }: KilnProcess): Promise<void> => {
  await vi.waitFor(async () => {
    const states = (await client.fleet()).hosts.map(({ state }) => state);
    if (states.some((state) => state !== 'connected')) throw new Error(`hosts are ${states.join(', ')}`);
  }, DEADLINE);
};

const DEADLINE = { timeout: HANG_MS, interval: 50 };

describe.skipIf(sshdMissing !== null)(`work on hosts${sshdMissing === null ? '' : ` (skipped: ${sshdMissing})`}`, () => {
  let sshd: Sshd;
  let folder: KilnFolder;
  let daemon: KilnProcess;
  let here: string;
  let home: string;

  beforeAll(async () => {
    sshd = await startSshd({ env: { KILN_SIMULATED_DEVICES: '1' } });
    home = join(sshd.folder, 'home');
    folder = kilnFolder('hosts: []\n');
    const ssh = `{host: 127.0.0.1, port: ${sshd.port}, user: ${sshd.user}, key: ${sshd.keyPath}, hostKey: "${sshd.hostKeyLine}"}`;
    folder.write(
      'fleet.yaml',
      `hosts:\n  - {name: remote, ssh: ${ssh}, runnerDir: ${folder.path}/remote, labels: [far], cpu: true, gpus: auto}\n  - {name: near, local: {}, cpu: true, gpus: none}\n`,
    );
    here = join(folder.path, 'here');
    mkdirSync(here);
    daemon = await startKiln(folder);
    await connected();
  });
  afterAll(async () => {
    await daemon.stop();
    folder.remove();
    await sshd.stop();
  });

  const connected = async (): Promise<void> => untilConnected(daemon);
  const start = (...words: readonly string[]) => {
    const child = spawn(process.execPath, [MAIN, 'host', ...words], {
      cwd: here,
      env: { ...folder.env, KILN_URL: daemon.url, XDG_CACHE_HOME: join(folder.path, 'cache') },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const out = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (out.stderr += text));
    const ended = once(child, 'close').then(() => ({ code: child.exitCode, ...out }));
    return { child, out, ended };
  };
  const kiln = async (...words: readonly string[]) => {
    const { child, ended } = start(...words);
    child.stdin.end();
    return ended;
  };

  test('push, try, pull, change, push again: the loop', async () => {
    mkdirSync(join(here, 'src'));
    writeFileSync(
      join(here, 'src/smoke.py'),
      'import pathlib\nprint("ok")\npathlib.Path("results").mkdir(exist_ok=True)\npathlib.Path("results/run.csv").write_text("1\\n")\n',
    );
    writeFileSync(join(here, 'src/large.bin'), Buffer.alloc(3_000_000, 'x'));
    writeFileSync(join(here, '.gitignore'), 'results/\n');
    expect(await kiln('push', '.', 'remote:work')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('3 files, 2.86 MiB were sent') as string,
    });
    expect(await kiln('exec', 'remote', '--cwd', 'work', '--', 'python3', 'src/smoke.py')).toEqual({
      code: 0,
      stdout: 'ok\n',
      stderr: '',
    });
    expect(await kiln('pull', 'remote:work/results', 'results')).toMatchObject({ code: 0 });
    expect(readFileSync(join(here, 'results/run.csv'), 'utf8')).toBe('1\n');
    writeFileSync(join(here, 'src/smoke.py'), 'print("better")\n');
    expect(await kiln('push', '.', 'remote:work')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 files, 16 B were sent, 2 unchanged') as string,
    });
    expect(await kiln('exec', 'remote', '--cwd', 'work', '--', 'python3', 'src/smoke.py')).toMatchObject({ stdout: 'better\n' });
    expect(await kiln('copy', 'remote:work', `near:${folder.path}/copied`)).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder.path, 'copied/src/smoke.py'), 'utf8')).toBe('print("better")\n');
    expect(existsSync(join(home, 'work/results/run.csv'))).toBe(true);
  });

  test('the same loop by a program: push, exec, pull, change, push again', async () => {
    const mine = join(folder.path, 'mine');
    mkdirSync(mine);
    const { api, push, pull } = connect({ url: daemon.url }, { XDG_CACHE_HOME: join(folder.path, 'cache') });
    const smoke = async (): Promise<string> => {
      let said = '';
      for await (const event of api.hosts.exec('remote', { argv: ['sh', 'smoke.sh'], cwd: 'by-program' })) {
        if (event.event === 'stdout') said += Buffer.from(event.data, 'base64').toString();
        if (event.event === 'exited' && event.code !== 0) throw new Error(`it ended with ${event.code}`);
      }
      return said;
    };
    const to = { host: 'remote', path: 'by-program' };
    writeFileSync(join(mine, 'smoke.sh'), 'mkdir -p results; echo 1 > results/run; echo ok');
    writeFileSync(join(mine, '.gitignore'), 'results/\n');
    expect(await push(mine, to)).toMatchObject({ files: 2, unchanged: 0 });
    expect(await smoke()).toBe('ok\n');
    expect(await pull({ ...to, path: 'by-program/results' }, join(mine, 'results'))).toMatchObject({ files: 1 });
    expect(readFileSync(join(mine, 'results/run'), 'utf8')).toBe('1\n');
    writeFileSync(join(mine, 'smoke.sh'), 'echo better');
    expect(await push(mine, to, { dryRun: true })).toMatchObject({ files: 1, unchanged: 1 });
    expect(await push(mine, to)).toMatchObject({ files: 1, unchanged: 1 });
    expect(await smoke()).toBe('better\n');
    await expect(push(join(mine, 'nowhere'), to)).rejects.toThrow('there is no folder');
    await expect(pull(to, '/', { deletes: true })).rejects.toThrow('nothing is deleted in /');
  });

  test('a job survives a daemon that is killed and started anew; its log, its end and its exit status are there', async () => {
    const gate = join(folder.path, 'gate');
    const run = await kiln(
      'run',
      '--detach',
      'remote',
      '--',
      'sh',
      '-c',
      `echo begun; while [ ! -e ${gate} ]; do sleep 0.1; done; echo done; exit 7`,
    );
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const id = run.stdout.trim();
    expect(id).toMatch(/^remote\/j-[0-9a-f]{12}$/);
    await daemon.kill();
    daemon = await startKiln(folder);
    await connected();
    expect((await kiln('jobs', 'remote')).stdout).toMatch(new RegExp(`${id} .* running `));
    expect(await kiln('wait', id, '--timeout', '200ms')).toMatchObject({ code: 4 });
    expect(await kiln('logs', '-f', id, '--timeout', '200ms')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining(`kiln host logs -f ${id}`) as string,
    });
    const following = start('logs', '-f', id.slice(0, -4));
    await expect.poll(() => following.out.stdout, DEADLINE).toBe('begun\n');
    writeFileSync(gate, '');
    expect(await following.ended).toMatchObject({ code: 0, stdout: 'begun\ndone\n' });
    expect(await kiln('wait', id)).toMatchObject({ code: 7, stdout: `${id}: ended with 7\n` });
    const watched = await kiln('run', '--timeout', '200ms', 'remote', '--', 'sleep', '300');
    expect(watched).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('and goes on: kiln host wait remote/j-') as string,
    });
    const endless = /remote\/j-\w+/.exec(watched.stderr)?.[0] ?? '';
    expect(await kiln('stop', endless)).toMatchObject({ code: 0, stdout: `${endless}: ended by SIGTERM, stopped\n` });
  });

  test('Ctrl-C reaches the command, the exit status is its own, and nothing is left there', async () => {
    const { child, out, ended } = start(
      'exec',
      'remote',
      '--',
      'sh',
      '-c',
      `trap 'echo caught; exit 9' INT; echo ${folder.path}/mark; sleep 300 & wait`,
    );
    await expect.poll(() => out.stdout, DEADLINE).toContain('mark');
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 9, stdout: expect.stringContaining('caught') as string });
    expect(processesNaming(`${folder.path}/mark`)).toEqual([]);
    const killed = start('exec', 'remote', '--', 'sh', '-c', `echo ready; sleep 300; : ${folder.path}/other`);
    await expect.poll(() => killed.out.stdout, DEADLINE).toContain('ready');
    killed.child.kill('SIGKILL');
    await expect.poll(() => processesNaming(`${folder.path}/other`), DEADLINE).toEqual([]);
  });

  test('on many hosts side by side, with input for all; the first exit status that is not 0', async () => {
    const { child, ended } = start('exec', '--all', '--', 'sh', '-c', 'cat; echo to >&2; exit 3');
    child.stdin.end('for all\n');
    const { code, stdout, stderr } = await ended;
    expect(stdout.split('\n').toSorted()).toEqual(['', 'near   | for all', 'remote | for all']);
    expect(stderr.split('\n').toSorted()).toEqual(['', 'near   | to', 'remote | to']);
    expect(code).toBe(3);
    expect(await kiln('exec', '--label', 'far', '--', 'echo', 'one')).toMatchObject({ stdout: 'remote | one\n' });
  });

  test('--gpu holds a device: nothing is judged on it, the fleet says who has it, and it is given back', async () => {
    const { out, child, ended } = start('exec', 'remote', '--gpu', '--', 'sh', '-c', 'echo "$CUDA_VISIBLE_DEVICES"; cat');
    await expect.poll(() => out.stdout, DEADLINE).toMatch(/simulated-/);
    expect(await lentTo(daemon)).toMatch(/^lent to a command of .*: sh -c/);
    expect(await kiln('exec', 'remote', '--gpu', '--', 'true')).toMatchObject({
      code: 255,
      stderr: expect.stringContaining('no GPU of remote is free to be held') as string,
    });
    child.stdin.end();
    expect(await ended).toMatchObject({ code: 0 });
    expect(await lentTo(daemon)).toBeNull();
    expect(await kiln('exec', 'near', '--gpu', '--', 'true')).toMatchObject({
      code: 255,
      stderr: expect.stringContaining('host near has no GPU') as string,
    });
  });

  const deploy = async (...words: readonly string[]) => {
    const child = spawn(process.execPath, [MAIN, 'deploy', ...words], {
      env: { ...folder.env, KILN_URL: daemon.url },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (text: Buffer) => (output += text.toString()));
    child.stderr.on('data', (text: Buffer) => (output += text.toString()));
    await once(child, 'close');
    return { code: child.exitCode, output };
  };

  const wrong = [
    [['exec', 'nobody', '--', 'true'], 255, 'there is no host "nobody"'],
    [['exec', 'remote'], 1, 'no command was given'],
    [['exec'], 1, 'no host was named'],
    [['exec', 'remote', '--gpu', 'x', '--', 'true'], 2, 'any, all, or GPUs by index or UUID'],
    [['exec', 'remote', '--env', '1=2', '--', 'true'], 2, 'NAME=VALUE'],
    [['exec', 'remote', '--timeout', 'soon', '--', 'true'], 2, 'duration'],
    [['exec', 'remote', '--timeout', '200ms', '--', 'sleep', '60'], 124, ''],
    [['exec', 'remote', '--cwd', 'not/there', '--', 'true'], 255, 'there is no folder'],
    [['exec', '--label', 'nowhere', '--', 'true'], 1, 'no host has the label nowhere; labels are: far'],
    [['exec', 'remote', '--', 'no-such-program'], 127, 'not found on this host'],
    [['push', 'not-there', 'remote:work'], 1, 'there is no folder'],
    [['push', '.', 'remote'], 1, 'write NAME:PATH'],
    [['push', '.', 'nobody:work'], 1, 'there is no host "nobody"'],
    [['pull', 'remote:not/there', 'x'], 1, 'there is no folder'],
    [['pull', 'remote:work', '/', '--delete'], 1, 'nothing is deleted in /'],
    [['run', 'remote'], 1, 'a host and a command are needed'],
    [['run', '--detach', 'nobody', '--', 'true'], 1, 'there is no host'],
    [['logs', 'remote'], 1, 'write NAME/ID'],
    [['logs', 'remote/j-ffffffffffff'], 1, 'there is no job j-ffffffffffff on remote'],
    [['wait', 'nobody/j-ffffffffffff'], 1, 'there is no host'],
    [['stop', 'remote/x'], 1, 'write NAME/ID'],
  ] as const;
  test.for(wrong)('kiln host %j: %d, %s', async ([words, code, message]) => {
    const run = await kiln(...words);
    expect(run.stderr).toContain(message);
    expect(run.code).toBe(code);
  });

  test('kiln deploy: from the fleet file to a first verdict of that very host; what is wrong is told with what to do', async () => {
    const { code, output } = await deploy('near');
    expect(output).toMatch(
      /^ok {5}fleet: .*^ok {5}reachable: .*^ok {5}runner: connected .*^ok {5}environment: compiles .*^ok {5}first candidate: c-/msu,
    );
    expect(code).toBe(0);
    const id = /first candidate: (c-\w+)/u.exec(output)?.[1] ?? '';
    expect((await daemon.client.candidate(id)).attempts.map(({ hostId }) => hostId)).toEqual(['near']);
    expect(await deploy('near', '--expires', '8h', '--gpus', 'none')).toMatchObject({
      code: 1,
      output: expect.stringContaining('--gpus and --expires are of a new host: say where it is with --ssh') as string,
    });
    expect(await deploy('nobody')).toMatchObject({
      code: 1,
      output: expect.stringMatching(/FAILED fleet: there is no host "nobody".*\n.*-> add it to /u) as string,
    });
  });

  test('kiln deploy --ssh: from nothing to a first verdict of a host that no file names; one that cannot work is not added', async () => {
    const at = `${sshd.user}@127.0.0.1:${sshd.port}`;
    const proof = ['--key', sshd.keyPath, '--host-key', sshd.hostKeyLine, '--expires', '1h'];
    const names = async () => (await daemon.client.fleet()).hosts.map(({ name }) => name);
    const nowhere = await deploy('rented', '--ssh', `${sshd.user}@127.0.0.1:1`, ...proof);
    expect(nowhere).toMatchObject({ code: 1, output: expect.stringMatching(/^FAILED reachable: /mu) as string });
    expect(await names()).not.toContain('rented');
    const { code, output } = await deploy('rented', '--ssh', at, ...proof);
    expect(output).toMatch(
      /^ok {5}reachable: .*^ok {5}fleet: rented was added, and leaves at 20.*^ok {5}runner: connected .*^ok {5}environment: compiles .*^ok {5}first candidate: c-/msu,
    );
    expect(code).toBe(0);
    expect((await daemon.client.fleet()).hosts.find(({ name }) => name === 'rented')?.origin?.by).toBe('api');
    expect(await deploy('rented', '--ssh', at, ...proof)).toMatchObject({
      code: 1,
      output: expect.stringMatching(/^FAILED fleet: .*has a host "rented"/mu) as string,
    });
    await daemon.client.removeHost('rented');
    await expect.poll(names, DEADLINE).not.toContain('rented');
  });

  test('the commands of docs/hosts.md do what it says', async () => {
    const blocks = readFileSync('docs/hosts.md', 'utf8').matchAll(/^```sh\n(.*?)^```$/gmsu);
    const lines = [...blocks].flatMap(([, block]) => (block ?? '').trim().split('\n'));
    const job = (await kiln('run', '--detach', 'remote', '--', 'true')).stdout.trim();
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) {
      // A simulated GPU has no driver.
      const typed = line
        .replaceAll('NAME/ID', job)
        .replaceAll(/\bNAME(?=[: /]|$)/gu, 'remote')
        .replace('nvidia-smi -L', 'true')
        .replace('deploy remote', 'deploy near');
      const command = typed.replace(/^kiln /u, `"${process.execPath}" "${MAIN}" `);
      const child = spawn('bash', ['-c', command], {
        cwd: here,
        env: { ...folder.env, KILN_URL: daemon.url, XDG_CACHE_HOME: join(folder.path, 'cache') },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      child.stdout.on('data', (text: Buffer) => (output += text.toString()));
      child.stderr.on('data', (text: Buffer) => (output += text.toString()));
      const [code] = (await once(child, 'close')) as [number];
      expect(code, `${line}\n${output}`).toBe(0);
    }
  });
});
