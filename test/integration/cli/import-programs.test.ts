import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HostWork } from '../../../src/domain/ports/host-work.ts';
import { loadProblem } from '../../../src/problems/load-problems.ts';
import { type CliRun, runCli } from '../../support/server/run-cli.ts';
import { serveFake } from '../../support/server/serve-fake.ts';
import { PYTHON_WITH_TORCH as REAL } from '../../support/python-with-torch.ts';
import { HOST, WORK_HOSTS, type WorkHost } from '../../support/work-host.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/importers');
const PLAYED = resolve(import.meta.dirname, '../../support/importers/played_python.py');
const TRY_DERIVE = resolve(import.meta.dirname, '../../support/importers/try_derive.py');
const TRY_VERIFY = resolve(import.meta.dirname, '../../support/importers/try_verify.py');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-import-'));
  cpSync(join(FIXTURES, 'gpumode'), join(folder, 'gpumode'), { recursive: true });
  const outside = join(folder, 'gpumode/problems/own/outside_py/task.yml');
  writeFileSync(outside, readFileSync(outside, 'utf8').replace('OUTSIDE', `${'../'.repeat(20)}etc/hostname`));
  cpSync(join(FIXTURES, 'kernelbench'), join(folder, 'kernelbench'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Result {
  readonly label: string;
  readonly name?: string;
  readonly refused?: string;
  readonly notes?: readonly string[];
}
const run = (...args: string[]): Promise<CliRun> =>
  runCli(['import', ...args, '--to', join(folder, 'kernels'), '--seconds', '15'], { cwd: folder });
const played = (...args: string[]): Promise<CliRun> => run(...args, '--python', PLAYED);
const results = async (...args: string[]): Promise<readonly Result[]> =>
  JSON.parse((await played(...args, '--json')).stdout) as readonly Result[];
const made = (name: string) => loadProblem(join(folder, 'kernels', name)).problem;
const names = (all: readonly Result[]) => all.flatMap(({ name }) => name ?? []);
const reasons = (all: readonly Result[]) =>
  Object.fromEntries(
    all.flatMap(({ label, refused }) => (refused === undefined ? [] : [[label.split('/').at(-1) ?? '', refused]])),
  );

describe('kiln import gpumode', () => {
  test('makes a problem of each task of a checkout that can be one, and says in a sentence why others cannot', async () => {
    const all = await results('gpumode', 'gpumode');
    expect(names(all)).toEqual([
      'add_v2',
      'attend_v2',
      'blur_py',
      'factor_py',
      'rotate_py',
      'spread_py',
      'steep_py',
      'uneven_py',
    ]);
    expect(reasons(all)).toEqual({
      blind_py: 'check_implementation compares in a way of its own (line 12), and it takes zeros for right outputs',
      chance_py: "the reference's result rests on chance: rand_like (reference.py:10)",
      endless_py: 'it did not end within 15 s, and was ended',
      exits_py: 'it ended its own process with exit status 0',
      huge_py: expect.stringMatching(/^its inputs cannot be made without their numbers .*more than 256 MiB are made/) as string,
      missing_py: 'reference.py defines no generate_input',
      outside_py: expect.stringMatching(/etc\/hostname lies outside of what is imported/) as string,
      reads_py:
        'check_implementation compares in a way of its own (line 12), and it cannot be asked without reading values: it reads values (tolist) at reference_13: what follows would be of these outputs alone',
      seeded_py:
        '`data` is not drawn plainly: how it is drawn changes with the seed: a value that is read (reference.py:6); and it cannot be derived: a value that is read (reference.py:6), which is another for every draw',
    });
    expect(made('add_v2')).toMatchObject({
      variables: ['size'],
      tensors: {
        left: { dtype: 'f16', shape: ['size', 'size'], role: 'in', distribution: { kind: 'normal', mean: 0, std: 1 } },
        right: { dtype: 'f16', shape: ['size', 'size'], role: 'in', distribution: { kind: 'uniform', low: -1, high: 1 } },
        total: { dtype: 'f16', shape: ['size', 'size'], role: 'out' },
      },
      tolerance: { rtol: 1e-3, atol: 1e-3, relative_l2: 1e-3 },
      check: [{ shape: { size: 17 } }, { shape: { size: 64 } }],
      bench: { gpu: [{ shape: { size: 1024 } }, { shape: { size: 8192 } }] },
      gpu: { reference: { file: 'reference.py', symbol: 'ref_kernel', style: 'custom_kernel', files: ['task.py', 'utils.py'] } },
      call: { data: ['left', 'right', 'total'] },
    });
    for (const file of ['reference.py', 'task.py'])
      expect(readFileSync(join(folder, 'kernels/add_v2', file), 'utf8')).toBe(
        readFileSync(join(folder, 'gpumode/problems/own/add_py', file), 'utf8'),
      );
    expect(existsSync(join(folder, 'kernels/add_v2/eval.py'))).toBe(false);
  });

  test('takes dicts and numbers apart, finds sizes by the arguments, and draws cases that differ in their own way', async () => {
    await results('gpumode', 'gpumode/problems/own/attend_py');
    expect(made('attend_v2')).toMatchObject({
      variables: ['rows', 'width', 'half'],
      tensors: {
        x: { distribution: { kind: 'normal', mean: 1, std: 0.25 } },
        mask: { distribution: { kind: 'bernoulli', share: 0.25 } },
        picks: { dtype: 'i32', distribution: { kind: 'integers', low: 0, high: 'width-1' } },
        in_weight: { shape: ['width', 'width*2'], distribution: { kind: 'uniform', low: 0.5, high: 0.5 } },
        out_0: { role: 'out', shape: ['rows', 'width*2'] },
        out_1: { role: 'out', dtype: 'i64', tolerance: { rtol: 0, atol: 0 } },
      },
      scalars: { scale: { dtype: 'f64', value: 2 } },
      check: [{}, { distributions: { mask: { kind: 'integers', low: 1, high: 1 } }, timed: false }],
      floor: { read_bytes: '4*rows', write_bytes: '4*rows*(width*2) + 8*rows' },
      call: {
        data: [
          'x',
          'mask',
          'picks',
          { 'in.weight': 'in_weight', bias: 'bias' },
          { width: 'width', eps: 1e-5, scale: 'scale', causal: false, half: 'half' },
        ],
      },
    });
    await results('gpumode', 'gpumode/problems/own/blur_py');
    expect(made('blur_py').tensors['out']).toMatchObject({ shape: ['length-window+1'] });
    await results('gpumode', 'gpumode/problems/own/rotate_py');
    expect(made('rotate_py').tensors).toMatchObject({
      order: { role: 'in', shape: [3, 'n'], distribution: { kind: 'permutation' } },
      values: { role: 'inout' },
      bias: { role: 'in', distribution: { kind: 'uniform', low: 0.5, high: 0.5 } },
    });
  });

  test('has inputs computed by the task’s own code where no distribution draws them, from raw tensors for its draws', async () => {
    const [one] = await results('gpumode', 'gpumode/problems/own/spread_py');
    expect(one?.notes).toEqual([expect.stringMatching(/^its own code computes the inputs, from numbers that Kiln draws/)]);
    expect(made('spread_py')).toMatchObject({
      variables: ['n', 'share'],
      tensors: {
        definite: { role: 'in', shape: ['n', 'n'], distribution: { kind: 'derived' } },
        codes: { dtype: 'u8', distribution: { kind: 'derived' } },
        both: { shape: ['n*2'], distribution: { kind: 'derived' } },
        order: { dtype: 'i64', distribution: { kind: 'derived', low: 0, high: 'n-1' } },
        out: { role: 'out' },
      },
      derive: {
        file: 'derive.py',
        symbol: 'inputs',
        files: ['kiln_derive.py', 'reference.py', 'utils.py'],
        raw: {
          raw_normal: { shape: ['n*n + n'], distribution: { kind: 'normal' } },
          raw_integers: { dtype: 'u8', shape: ['n + 1'], distribution: { kind: 'integers', low: 0, high: 255 } },
          raw_uniform: { dtype: 'f32', shape: ['n'], distribution: { kind: 'uniform', low: 0, high: 1 } },
          raw_uniform_2: { distribution: { kind: 'uniform', low: 0.5, high: 2 } },
          raw_permutation: { dtype: 'i64', shape: ['n'], distribution: { kind: 'permutation' } },
        },
      },
      check: [{ shape: { n: 8, share: 10 } }, { shape: { n: 8, share: 90 } }],
      floor: { read_bytes: 0 },
    });
  });

  test('asks a check of the task’s own on the device, by rules that are its statements', async () => {
    const [one] = await results('gpumode', 'gpumode/problems/own/factor_py');
    expect(one?.notes).toContainEqual(expect.stringMatching(/^its own check says what is right \(`verify.py`\)/));
    expect(made('factor_py')).toMatchObject({
      verify: {
        file: 'verify.py',
        symbol: 'check',
        files: ['kiln_check.py', 'reference.py', 'utils.py'],
        rules: ['reference_21', 'reference_25', 'reference_28', 'reference_30', 'numbers'],
      },
      tolerance: { rtol: 1e-3, atol: 1e-6, relative_l2: 1e-3 },
      derive: { file: 'derive.py' },
    });
    const text = readFileSync(join(folder, 'kernels/factor_py/verify.py'), 'utf8');
    expect(text).toContain('def check(data, out_0, out_1):\n');
    expect(text).toContain('return checked(reference.check_implementation, data, (out_0, out_1), PASSES)\n');
    await results('gpumode', 'gpumode/problems/own/steep_py');
    expect(made('steep_py').verify?.rules).toContain('numbers');
  });

  test('takes no file that has the name of one which computes the inputs here', async () => {
    const task = join(folder, 'gpumode/problems/own/spread_py');
    writeFileSync(join(task, 'derive.py'), 'ONE = 1\n');
    const listed = readFileSync(join(task, 'task.yml'), 'utf8');
    writeFileSync(join(task, 'task.yml'), listed.replace('files:\n', 'files:\n  - {name: derive.py, source: derive.py}\n'));
    expect(Object.values(reasons(await results('gpumode', task)))).toEqual([
      'its file derive.py has the name of one that runs its code here',
    ]);
  });

  test('ends with 0 where all became problems, with 3 where some did and with 1 where none did, and overwrites nothing', async () => {
    const first = await played('gpumode', 'gpumode/problems/own/add_py', '--name', 'mine');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/1 of 1 became problems\n/);
    const again = await played('gpumode', 'gpumode/problems/own/add_py', '--name', 'mine');
    expect(again.code).toBe(1);
    expect(again.stdout).toMatch(/kernels\/mine is there already: import it alone under another name/);
    const all = await played('gpumode', 'gpumode');
    expect(all.code).toBe(3);
    expect(all.stdout).toMatch(/8 of 17 became problems, 9 did not\n/);
    expect(await played('gpumode', 'gpumode', '--name', 'mine')).toMatchObject({
      code: 1,
      stderr: 'error: --name: there are 17 files; leave the name out\n',
    });
  });

  test('reads nothing through a link that leads outside, and nothing that is too large', async () => {
    const task = join(folder, 'gpumode/problems/own/add_py');
    rmSync(join(task, 'task.py'));
    symlinkSync('/etc/hostname', join(task, 'task.py'));
    expect(Object.values(reasons(await results('gpumode', task)))).toEqual([
      'own/add_py/task.py leads outside of what is imported: it is not read',
    ]);
    rmSync(join(task, 'task.py'));
    writeFileSync(join(task, 'task.py'), '#'.repeat(300_000));
    expect(Object.values(reasons(await results('gpumode', task)))).toEqual([
      'own/add_py/task.py has 300000 bytes; 262144 are read',
    ]);
  });

  test('other files of YAML beside its folders are no lists of tasks, whatever they are', async () => {
    const above = join(folder, 'gpumode/problems');
    writeFileSync(join(above, 'a-lock.yaml'), '#'.repeat(300_000));
    mkdirSync(join(above, 'a-folder.yaml'));
    symlinkSync('/etc/hostname', join(above, 'a-link.yaml'));
    symlinkSync('nowhere', join(above, 'another-link.yml'));
    expect(names(await results('gpumode', 'gpumode/problems/own/add_py'))).toEqual(['add_v2']);
    rmSync(join(folder, 'kernels'), { recursive: true });
    expect(names(await results('gpumode', 'gpumode'))).toHaveLength(8);
  });

  test('says what to do where there is no PyTorch, no such path, or nothing to import', async () => {
    const python = join(folder, 'python');
    writeFileSync(python, '#!/bin/sh\necho \'{"complaint": "it has no package torch", "python": "python-of-theirs"}\'\n');
    chmodSync(python, 0o755);
    const without = await run('gpumode', 'gpumode/problems/own/add_py', '--python', python);
    expect(without).toMatchObject({ code: 1, stdout: '' });
    expect(without.stderr).toMatch(
      /^error: python-of-theirs: it has no package torch: --python PATH names one; pip install torch makes one/,
    );
    expect((await played('gpumode', 'nowhere')).stderr).toBe('error: there is nothing at nowhere: check the path\n');
    expect((await played('gpumode', 'kernelbench')).stderr).toMatch(/^error: kernelbench holds nothing of that kind/);
    const missing = join(folder, 'missing');
    expect((await run('gpumode', 'gpumode', '--python', missing)).stderr).toMatch(/^error: .*missing cannot be started/m);
  });
});

describe('kiln import kernelbench', () => {
  test('makes a problem of each file that can be one, with a smaller case where the model takes one', async () => {
    const all = await results('kernelbench', 'kernelbench');
    expect(names(all)).toEqual([
      'level1_1_scaled_rows',
      'level1_2_wide_relu',
      'level1_3_hinge',
      'level1_4_triangular',
      'level1_8_float_argument',
      'level3_1_block',
    ]);
    expect(reasons(all)).toMatchObject({
      '5_Masked.py': "`mask` is of the type bool, which is none of Kiln's",
      '6_Number.py': 'get_inputs() returns 3.5 among its tensors; a model is called with tensors alone',
      '7_Missing.py': 'reference.py defines no Model and no get_init_inputs',
      '2_Dropout.py': expect.stringContaining("the reference's result rests on chance") as string,
      '4_Wide.py': 'its weights are 513 MiB; a recording holds 320',
      '3_Package.py': 'it needs the package a_package_that_nobody_has, which this Python does not have',
    });
    const float = readFileSync(join(folder, 'kernels/level1_8_float_argument/problem.yaml'), 'utf8');
    expect(float).toMatch(/^call:\n {2}init:\n {4}- 1\.0$/mu);
    expect(made('level1_8_float_argument').call).toMatchObject({ init: [{ $float: 1 }] });
    expect(made('level1_1_scaled_rows')).toMatchObject({
      tensors: {
        x: { shape: ['batch', 1000], distribution: { kind: 'uniform', low: -1, high: 1 } },
        bias: { shape: [1000], distribution: { kind: 'normal' } },
        out: { shape: ['batch', 1000], role: 'out' },
      },
      tolerance: { rtol: 1e-4, atol: 1e-4, relative_l2: 1e-4 },
      check: [{ shape: { batch: 3 } }],
      bench: { gpu: [{ shape: { batch: 4096 } }] },
      gpu: { reference: { file: 'reference.py', symbol: 'Model', style: 'model' } },
      call: { init: [1000, 0.5], seed: 42 },
    });
    expect(made('level1_4_triangular')).toMatchObject({
      tensors: { a: { shape: ['batch', 'batch'], distribution: { kind: 'derived' } } },
      derive: { raw: { raw_uniform: { shape: ['batch*batch'] } } },
      check: [{ shape: { batch: 3 } }],
      bench: { gpu: [{ shape: { batch: 64 } }] },
    });
    expect(made('level1_3_hinge').tensors).toMatchObject({
      labels: { distribution: { kind: 'mixture' } },
      out: { shape: [1], role: 'out' },
    });
    expect(made('level3_1_block')).toMatchObject({ call: { init: [[256, 512], { $float: 0 }] } });
  });

  test('one that is too large is timed with fewer rows, and that is said', async () => {
    const [one] = await results('kernelbench', 'kernelbench/level1/2_WideReLU.py');
    expect(one?.notes?.[0]).toMatch(/^it is timed with 16384 rows in place of 65536/);
    expect(readFileSync(join(folder, 'kernels/level1_2_wide_relu/README.md'), 'utf8')).toMatch(
      /- It is timed with 16384 rows in place/,
    );
  });

  test('of a checkout one level', async () => {
    expect(names(await results('kernelbench', 'kernelbench', '--level', '3'))).toEqual(['level3_1_block']);
  });
});

const importThere = async (work: HostWork): Promise<CliRun> => {
  const server = await serveFake({ work });
  const task = join(folder, 'gpumode/problems/own/add_py');
  const to = join(folder, 'kernels');
  try {
    return await runCli(['import', 'gpumode', task, '--to', to, '--host', HOST, '--python', PLAYED], { url: server.url });
  } finally {
    await server.stop();
  }
};

// Ways to reach a host have tests of their own.
for (const { name, start, isMissing } of WORK_HOSTS.slice(0, 1))
  describe.skipIf(isMissing)(`on a host (${name})`, () => {
    let host: WorkHost;
    beforeEach(async () => void (host = await start()));
    afterEach(async () => host.stop());

    test('files are described there, and nothing of them stays', async () => {
      const before = readdirSync('/tmp').filter((entry) => entry.startsWith('kiln-import-'));
      expect(await importThere(host.work)).toMatchObject({ code: 0, stderr: '' });
      expect(made('add_v2').variables).toEqual(['size']);
      const after = readdirSync('/tmp').filter((entry) => entry.startsWith('kiln-import-'));
      expect(after.filter((entry) => !before.includes(entry) && existsSync(join('/tmp', entry, 'describe')))).toEqual([]);
    });

    test('what was described there counts, also where the folder cannot be removed', async () => {
      let left = '';
      const exec: HostWork['exec'] = (id, request, asking) => {
        const [program, , path = ''] = request.argv;
        if (program !== 'rm') return host.work.exec(id, request, asking);
        left = path;
        return host.work.exec(id, { ...request, argv: ['sh', '-c', 'echo it is busy >&2; exit 1'] }, asking);
      };
      const there = await importThere({ ...host.work, exec });
      rmSync(left, { recursive: true });
      expect(there).toMatchObject({ code: 0, stderr: `${left} stays on ${HOST}: ${HOST}: rm ended with 1: it is busy\n` });
      expect(made('add_v2').variables).toEqual(['size']);
    });
  });

describe.skipIf(REAL === undefined)(`with PyTorch (${REAL ?? 'none is here'})`, () => {
  test.each(['gpumode', 'kernelbench'])('the same problems of %s come out as were recorded', async (kind) => {
    const told = await run(kind, kind, '--python', REAL ?? '', '--json');
    const real = JSON.parse(told.stdout) as readonly Result[];
    const text = (name: string): string => readFileSync(join(folder, 'kernels', name, 'problem.yaml'), 'utf8');
    const texts = new Map(names(real).map((name) => [name, text(name)]));
    rmSync(join(folder, 'kernels'), { recursive: true });
    const recorded = await results(kind, kind);
    expect(names(real)).toEqual(names(recorded));
    expect(Object.keys(reasons(real))).toEqual(Object.keys(reasons(recorded)));
    // What PyTorch itself says may differ from one version to the next; what is said of tensors does not.
    const ofTensors = (all: readonly Result[]) => Object.values(reasons(all)).filter((reason) => reason.startsWith('`'));
    expect(ofTensors(real)).toEqual(ofTensors(recorded));
    for (const [name, there] of texts) expect(there).toBe(text(name));
  });

  test.each(['factor_py', 'steep_py'])('the check of %s holds of right outputs, and of wrong ones not', async (name) => {
    await played('gpumode', `gpumode/problems/own/${name}`);
    const tried = spawnSync(REAL ?? '', [TRY_VERIFY, join(folder, 'kernels', name), '{"n": 8}'], { encoding: 'utf8' });
    const told = JSON.parse(tried.stdout || JSON.stringify(tried.stderr)) as Readonly<Record<string, readonly string[]>>;
    expect(told).toMatchObject({ right: [] });
    expect(Object.keys(told).filter((how) => told[how]?.length === 0)).toEqual(['right']);
  });

  test.each([
    ['gpumode', 'gpumode/problems/own/spread_py', 'spread_py', [8, 90], [72, 9, 8, 8, 8]],
    ['gpumode', 'gpumode/problems/own/uneven_py', 'uneven_py', [64], [4096]],
    ['kernelbench', 'kernelbench/level1/4_Triangular.py', 'level1_4_triangular', [3], [9]],
  ])(
    'inputs of %s that are derived from its own draws are those of its own code: %s',
    async (kind, from, name, values, pools) => {
      await played(kind, from);
      const asked = [TRY_DERIVE, join(folder, 'kernels', name), values.join(), JSON.stringify(values)];
      const tried = spawnSync(REAL ?? '', asked, { encoding: 'utf8' });
      const told = JSON.parse(tried.stdout || JSON.stringify(tried.stderr)) as {
        readonly pools: unknown;
        readonly same: unknown[];
      };
      expect(told).toEqual({ pools, same: told.same.map(() => true) });
    },
  );
});
