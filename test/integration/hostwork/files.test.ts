import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createClient, type KilnClient } from '../../../src/client/create-client.ts';
import { digestOf } from '../../../src/client/files/content.ts';
import { openContentIndex } from '../../../src/client/files/content-index.ts';
import type { End, Piece } from '../../../src/client/files/end.ts';
import { createHostEnd } from '../../../src/client/files/host-end.ts';
import { IgnoreRules } from '../../../src/client/files/ignore-rules.ts';
import { createLocalEnd } from '../../../src/client/files/local-end.ts';
import { transfer, type TransferOptions } from '../../../src/client/files/transfer.ts';
import { CHUNK_BYTES, type WriteFrame } from '../../../src/domain/hosts/work-frames.ts';
import { HANG_MS } from '../../support/limits.ts';
import { type FakeServer, serveFake } from '../../support/server/serve-fake.ts';
import { HOST, WORK_HOSTS, type WorkHost } from '../../support/work-host.ts';

const KINDS = WORK_HOSTS.filter(({ name }) => name === 'local' || (name.startsWith('ssh') && !name.includes('without')));
const nowNs = (): bigint => BigInt(Math.round(performance.timeOrigin + performance.now())) * 1_000_000n;
const NOTHING = Buffer.alloc(0);

const write = (root: string, files: Readonly<Record<string, string | Buffer>>): void => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), content);
  }
};
const read = (root: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => lstatSync(join(root, path)).isFile())
      .map((path) => [path, readFileSync(join(root, path), 'latin1')]),
  );
const move = async (
  source: End,
  target: End,
  change: Partial<TransferOptions> & { readonly patterns?: readonly string[] } = {},
) =>
  transfer({
    source,
    target,
    rules: () => new IgnoreRules({ usesFiles: true, patterns: change.patterns ?? [] }),
    deletes: false,
    dryRun: false,
    onPlan: () => undefined,
    onWritten: () => undefined,
    onRetry: () => undefined,
    ...change,
  });
async function* each(...pieces: readonly Piece[]): AsyncGenerator<Piece> {
  yield* pieces;
}
const piece = (frame: WriteFrame, payload = NOTHING): Piece => ({ frame, payload });
const small = (path: string, text: string): Piece => {
  const payload = Buffer.from(text);
  return piece(
    { type: 'files', items: [{ path, mode: 0o644, mtimeUs: 1e15, size: payload.length, hash: digestOf(payload) }] },
    payload,
  );
};

for (const { name, isMissing, start } of KINDS)
  describe.skipIf(isMissing)(`folders of a host (${name})`, () => {
    let host: WorkHost;
    let server: FakeServer;
    let client: KilnClient;
    let here: string;
    let there: string;
    let asked = 0;
    beforeAll(async () => {
      host = await start();
      server = await serveFake({ work: host.work });
      client = createClient({ url: server.url });
    });
    afterAll(async () => {
      await server.stop();
      await host.stop();
    });
    beforeEach(() => {
      here = mkdtempSync(join(tmpdir(), 'kiln-here-'));
      there = join(mkdtempSync(join(host.folder, 'there-')), 'work');
    });
    afterEach(() => rmSync(here, { recursive: true, force: true }));

    const remote = (path = there): End => {
      const hosts = {
        ...client.hosts,
        files: (...words: Parameters<typeof client.hosts.files>) => {
          asked += 1;
          return client.hosts.files(...words);
        },
      };
      return createHostEnd({ hosts, host: HOST, path, signal: AbortSignal.timeout(HANG_MS) });
    };
    const written = async () =>
      (await client.audit({ action: 'writeFiles' })).entries.filter(({ detail }) => detail['path'] === there);
    const local = async (path = here): Promise<End> => createLocalEnd(path, await openContentIndex(null, nowNs));
    const push = async (change = {}) => move(await local(), remote(), change);

    test('a folder arrives whole: content, modes, times, links, empty folders and files; what git ignores stays here', async () => {
      write(here, {
        'a.txt': 'one',
        'deep/er/b.bin': Buffer.from([0, 255, 10]),
        empty: '',
        'it\'s "odd" $HOME': 'x',
        '.gitignore': '*.log\n/build/\n!keep.log\n',
      });
      write(here, {
        'x.log': 'ignored',
        'keep.log': 'kept',
        'build/out': 'ignored',
        'deep/build/out': 'kept',
        '.git/config': 'ignored',
      });
      write(here, { 'deep/.gitignore': 'secret\n', 'deep/secret': 'ignored', secret: 'kept' });
      mkdirSync(join(here, 'nothing'));
      chmodSync(join(here, 'a.txt'), 0o751);
      symlinkSync('deep/er', join(here, 'link'));
      symlinkSync('../a.txt', join(here, 'deep/up'));
      const result = await push();
      const { link: _link, ...sent } = read(here);
      const ignored = ['x.log', 'build/out', '.git/config', 'deep/secret'];
      expect(read(there)).toEqual(Object.fromEntries(Object.entries(sent).filter(([path]) => !ignored.includes(path))));
      expect(statSync(join(there, 'a.txt')).mode & 0o7777).toBe(0o751);
      expect(statSync(join(there, 'a.txt')).mtimeMs).toBeCloseTo(statSync(join(here, 'a.txt')).mtimeMs, 1);
      expect([readlinkSync(join(there, 'link')), readlinkSync(join(there, 'deep/up'))]).toEqual(['deep/er', '../a.txt']);
      expect(statSync(join(there, 'nothing')).isDirectory()).toBe(true);
      expect(result).toMatchObject({ links: 2, leftOut: [], unchanged: 0 });
      expect(existsSync(join(there, '.kiln-parts'))).toBe(false);
    });

    test('pushed again, nothing is sent; changed, only what changed', async () => {
      write(here, { 'a.txt': 'one', 'b.txt': 'two', 'c/d.txt': 'three' });
      expect(await push()).toMatchObject({ files: 3, unchanged: 0 });
      expect(await push()).toMatchObject({ files: 0, bytes: 0, unchanged: 3 });
      write(here, { 'c/d.txt': 'THREE' });
      chmodSync(join(here, 'a.txt'), 0o700);
      expect(await push()).toMatchObject({ files: 1, bytes: 5, unchanged: 1 });
      expect(readFileSync(join(there, 'c/d.txt'), 'utf8')).toBe('THREE');
      expect(statSync(join(there, 'a.txt')).mode & 0o777).toBe(0o700);
      // Of the same size and time: content decides.
      writeFileSync(join(there, 'b.txt'), 'TWO');
      expect(await push()).toMatchObject({ files: 1, bytes: 3 });
      expect(readFileSync(join(there, 'b.txt'), 'utf8')).toBe('two');
    });

    test('of a large file that changed, only the pieces that differ are sent', async () => {
      const content = randomBytes(5 * CHUNK_BYTES + 123);
      write(here, { large: content });
      expect(await push()).toMatchObject({ files: 1, bytes: content.length });
      content.writeUInt8(content.readUInt8(2 * CHUNK_BYTES + 5) ^ 255, 2 * CHUNK_BYTES + 5);
      write(here, { large: content });
      expect(await push()).toMatchObject({ files: 1, bytes: CHUNK_BYTES });
      write(here, { large: Buffer.concat([content, Buffer.from('more')]) });
      expect(await push()).toMatchObject({ files: 1, bytes: 127 });
      expect(readFileSync(join(there, 'large')).equals(readFileSync(join(here, 'large')))).toBe(true);
    });

    test('what broke off goes on where it was, in both directions', async () => {
      const content = randomBytes(20 * CHUNK_BYTES);
      const chunk = (index: number): Piece => {
        const payload = content.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
        return piece({ type: 'chunk', path: 'large', size: content.length, index, hash: digestOf(payload) }, payload);
      };
      write(here, { large: content });
      mkdirSync(there, { recursive: true });
      await remote().write(each(chunk(0), chunk(1), chunk(7)), () => undefined);
      expect(existsSync(join(there, 'large'))).toBe(false);
      expect(await push()).toMatchObject({ files: 1, bytes: 17 * CHUNK_BYTES });
      expect(readFileSync(join(there, 'large')).equals(content)).toBe(true);
      const back = join(here, 'back');
      mkdirSync(back);
      await (await local(back)).write(each(chunk(3), chunk(4)), () => undefined);
      expect(await move(remote(), await local(back))).toMatchObject({ files: 1, bytes: 18 * CHUNK_BYTES });
      expect(readFileSync(join(back, 'large')).equals(content)).toBe(true);
      expect(existsSync(join(back, '.kiln-parts'))).toBe(false);
    });

    test('results come back, and go on to another folder of a host', async () => {
      write(there, { 'results/run.csv': '1,2\n', 'results/profile.bin': randomBytes(2 * CHUNK_BYTES) });
      symlinkSync('run.csv', join(there, 'results/last'));
      const back = join(here, 'results');
      expect(await move(remote(`${there}/results`), await local(back))).toMatchObject({ files: 2, links: 1 });
      expect(read(back)).toEqual(read(join(there, 'results')));
      expect(readlinkSync(join(back, 'last'))).toBe('run.csv');
      expect(await move(remote(`${there}/results`), await local(back))).toMatchObject({ files: 0, unchanged: 2 });
      await move(remote(`${there}/results`), remote(`${there}-copy`));
      expect(read(`${there}-copy`)).toEqual(read(join(there, 'results')));
    });

    test('with --delete, what is not here is removed there, but not what is ignored; a dry run changes nothing', async () => {
      write(here, { 'a.txt': 'one', '.gitignore': 'results/\n' });
      await push();
      write(there, { 'old/file': 'x', 'results/run.csv': 'kept' });
      expect(await push({ deletes: true, dryRun: true })).toMatchObject({ deleted: 2 });
      expect(existsSync(join(there, 'old/file'))).toBe(true);
      expect(await push({ deletes: true })).toMatchObject({ deleted: 2 });
      expect(Object.keys(read(there)).toSorted()).toEqual(['.gitignore', 'a.txt', 'results/run.csv']);
    });

    test('a thousand files are a few requests', async () => {
      write(here, Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`d${at % 10}/f${at}`, `file ${at}`])));
      asked = 0;
      expect(await push()).toMatchObject({ files: 1000 });
      expect(asked).toBeLessThan(10);
      expect(Object.keys(read(there))).toHaveLength(1000);
    });

    test('links that may leave, and what is no file, are left out and told', async () => {
      write(here, { 'a.txt': 'one' });
      for (const [path, target] of [
        ['out', '../outside'],
        ['abs', '/etc/passwd'],
        ['sneaky', 'a/../../b'],
        ['fine', './a.txt'],
      ] as const)
        symlinkSync(target, join(here, path));
      const { leftOut, links } = await push();
      expect(leftOut.map(({ path }) => path).toSorted()).toEqual(['abs', 'out', 'sneaky']);
      expect(links).toBe(1);
    });

    const outside = [
      ['..', small('../escaped', 'x')],
      ['an absolute path', small('/tmp/kiln-escaped', 'x')],
      ['a link as folder', small('door/escaped', 'x')],
      ['the folder of parts', small('.kiln-parts/x', 'x')],
      ['a link to outside', piece({ type: 'links', items: [{ path: 'new', target: '../..' }] })],
      ['a link behind a name', piece({ type: 'links', items: [{ path: 'new', target: 'door/../../x' }] })],
      ['removal through a link', piece({ type: 'delete', paths: ['door/kept'] })],
      ['a mode through a link', piece({ type: 'modes', items: [{ path: 'door/kept', mode: 0o777 }] })],
      [
        'damaged content',
        piece(
          { type: 'files', items: [{ path: 'x', mode: 0o644, mtimeUs: 0, size: 1, hash: '0'.repeat(64) }] },
          Buffer.from('x'),
        ),
      ],
    ] as const;
    test.for(outside)('%s is refused on the host and here, and nothing is changed outside', async ([, bad]) => {
      for (const root of [there, join(here, 'work')]) {
        mkdirSync(join(root, '../outer'), { recursive: true });
        mkdirSync(root, { recursive: true });
        write(join(root, '../outer'), { kept: 'kept' });
        symlinkSync('../outer', join(root, 'door'));
        const end = root === there ? remote() : await local(root);
        await expect(end.write(each(bad), () => undefined)).rejects.toMatchObject({ name: 'KilnError' });
        expect(read(join(root, '../outer'))).toEqual({ kept: 'kept' });
        expect(existsSync(join(root, '../escaped'))).toBe(false);
        expect(readdirSync(root)).toEqual(['door']);
      }
    });

    test('what is refused while it is sent is told, and the rest is not sent', async () => {
      let made = 0;
      async function* large(): AsyncGenerator<Piece> {
        for (; made < 4096; made += 1) {
          const payload = Buffer.alloc(CHUNK_BYTES, made);
          const path = made === 3 ? '../escaped' : 'large';
          yield piece({ type: 'chunk', path, size: 4096 * CHUNK_BYTES, index: made, hash: digestOf(payload) }, payload);
        }
      }
      await expect(remote().write(large(), () => undefined)).rejects.toMatchObject({
        code: 'INVALID_REQUEST',
        message: expect.stringContaining('is no path within the folder') as string,
      });
      expect(made).toBeLessThan(200);
    });

    test('a folder that is not there, a file in the way of one, and a home that nothing is deleted in are told', async () => {
      await expect(move(remote('/nonexistent/folder'), await local())).rejects.toMatchObject({ code: 'NOT_FOUND' });
      write(here, { 'a/b': 'x' });
      writeFileSync(there, 'in the way');
      await expect(push()).rejects.toMatchObject({
        code: 'WORK_REFUSED',
        message: expect.stringContaining('is no folder on this host') as string,
      });
      await expect(remote('~').write(each(piece({ type: 'delete', paths: ['x'] })), () => undefined)).rejects.toThrow(
        'nothing is deleted in',
      );
    });

    test('a transfer is one entry of the audit list, however many requests it takes', async () => {
      write(here, { large: randomBytes(20 * CHUNK_BYTES) });
      await push();
      await expect.poll(async () => (await written()).map(({ status }) => status)).toEqual([200]);
      write(here, { small: 'x' });
      await push();
      expect(await written()).toHaveLength(2);
    });

    test('a request that takes the name of a transfer for another folder is told for itself', async () => {
      const before = host.journal.length;
      const audited = (await client.audit({ action: 'writeFiles' })).entries.length;
      for (const path of [there, `${there}-2`, there])
        for await (const _ of await client.hosts.files(HOST, 'write', {
          path,
          transfer: 'f'.repeat(16),
          frames: [],
          signal: AbortSignal.timeout(HANG_MS),
        }));
      expect(host.journal.slice(before).map(({ data }) => data['path'])).toEqual([there, `${there}-2`]);
      expect((await client.audit({ action: 'writeFiles' })).entries.length - audited).toBe(2);
    });

    test('the journal tells of a transfer once', async () => {
      write(here, { large: randomBytes(20 * CHUNK_BYTES) });
      const before = host.journal.length;
      await push();
      expect(host.journal.slice(before).map(({ type, data }) => [type, data['action'], data['path']])).toEqual([
        ['host.work.started', 'write', there],
      ]);
    });
  });
