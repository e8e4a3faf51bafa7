import { describe, expect, test } from 'vitest';
import { missingOptionals } from '../../../scripts/complete-lock.ts';
import { missingPackages } from '../../../scripts/installed.ts';

describe('the lock file', () => {
  test('gets the optional packages of other platforms, which npm ci asks for', () => {
    const packages = {
      'node_modules/tool': {
        version: '1.0.0',
        dev: true,
        optionalDependencies: { '@tool/linux-x64-musl': '1.0.0', '@tool/darwin-arm64': '1.0.0', '@tool/linux-x64': '1.0.0' },
      },
      'node_modules/@tool/linux-x64': { version: '1.0.0' },
    };
    expect(missingOptionals({ packages })).toEqual({
      'node_modules/@tool/linux-x64-musl': {
        version: '1.0.0',
        os: ['linux'],
        cpu: ['x64'],
        libc: ['musl'],
        dev: true,
        optional: true,
      },
      'node_modules/@tool/darwin-arm64': { version: '1.0.0', os: ['darwin'], cpu: ['arm64'], dev: true, optional: true },
    });
  });

  test('is not completed by guesswork when a name tells no platform', () => {
    const packages = { 'node_modules/tool': { optionalDependencies: { mystery: '1.0.0' } } };
    expect(() => missingOptionals({ packages })).toThrow(/mystery is missing from the lock/u);
  });

  test('counts as installed only when every needed package is there at its version', () => {
    const wanted = { '': {}, a: { version: '1' }, b: { version: '2', dev: true }, c: { version: '3', optional: true } };
    expect(missingPackages(wanted, { a: { version: '1' } }, 'production')).toEqual([]);
    expect(missingPackages(wanted, { a: { version: '1' } }, 'all')).toEqual(['b']);
    expect(missingPackages(wanted, { a: { version: '9' }, b: { version: '2' } }, 'all')).toEqual(['a']);
  });
});
