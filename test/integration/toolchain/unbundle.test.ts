import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

describe('unpacking the offline bundle', () => {
  let project = '';

  const unbundle = () => spawnSync(join(project, 'bench/gpu/unbundle'), { encoding: 'utf8' });

  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), 'ub-'));
    cpSync('bench/gpu/unbundle', join(project, 'bench/gpu/unbundle'), { recursive: true });
    mkdirSync(join(project, 'node_modules'));
  });

  afterEach(() => rmSync(project, { recursive: true, force: true }));

  test('says where the bundle is made when there is none', () => {
    const { status, stderr } = unbundle();
    expect(status).toBe(1);
    expect(stderr).toMatch(/no bundle in .*kiln-gpu-bundle: make it with bench\/gpu\/bundle/u);
  });

  test('touches nothing when the bundle is damaged', () => {
    const bundle = join(project, 'dist/kiln-gpu-bundle');
    mkdirSync(bundle, { recursive: true });
    writeFileSync(join(bundle, 'node.xz'), 'half of it');
    writeFileSync(join(bundle, 'SHA256SUMS'), `${'0'.repeat(64)}  node.xz\n`);
    const { status, stderr } = unbundle();
    expect(status).toBe(1);
    expect(stderr).toContain('the bundle is damaged: make it again');
    expect(existsSync(join(project, 'node_modules'))).toBe(true);
    expect(existsSync(join(project, '.gpu-env'))).toBe(false);
  });
});
