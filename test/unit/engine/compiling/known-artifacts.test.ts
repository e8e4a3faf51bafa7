import { describe, expect, test } from 'vitest';
import { CompileUnit } from '../../../../src/domain/protocol.ts';
import { createKnownArtifacts } from '../../../../src/engine/compiling/known-artifacts.ts';
import type { Compiled } from '../../../../src/engine/compiling/known-artifacts.ts';

const unit = (source: string, changes: Partial<CompileUnit> = {}): CompileUnit =>
  CompileUnit.parse({ language: 'cuda', source, params: { BLOCK: 256 }, architecture: 'sm_90a', ...changes });

const compiled = (digit: string, log = ''): Compiled => ({
  status: 'compiled',
  artifact: digit.repeat(64),
  cached: false,
  durationMs: 80,
  log,
  compiler: 'NVRTC 13.0',
  resources: {},
});

describe('what a host is known to hold compiled', () => {
  test('is found by everything that can change the code, and told as cached', () => {
    const known = createKnownArtifacts();
    known.add(unit('a'), compiled('a', 'a warning'));
    expect(known.find(unit('a'))).toEqual({ ...compiled('a', 'a warning'), cached: true, durationMs: 0 });
    expect(known.find(unit('b'))).toBeNull();
    expect(known.find(unit('a', { params: { BLOCK: 128 } }))).toBeNull();
    expect(known.find(unit('a', { architecture: 'sm_80' }))).toBeNull();
    expect(known.find(unit('a', { numWarps: 8 }))).toBeNull();
  });

  test('is bounded, and what was used longest ago goes first', () => {
    const known = createKnownArtifacts(2);
    known.add(unit('a'), compiled('a'));
    known.add(unit('b'), compiled('b'));
    known.find(unit('a'));
    known.add(unit('c'), compiled('c'));
    expect(['a', 'b', 'c'].map((source) => known.find(unit(source))?.artifact[0])).toEqual(['a', undefined, 'c']);
  });

  test('is forgotten by its artifact, and can be learnt again', () => {
    const known = createKnownArtifacts();
    known.add(unit('a'), compiled('a'));
    known.add(unit('b'), compiled('b'));
    known.forget('a'.repeat(64));
    known.forget('f'.repeat(64));
    expect([known.find(unit('a')), known.find(unit('b'))?.artifact]).toEqual([null, 'b'.repeat(64)]);
    known.add(unit('a'), compiled('a'));
    expect(known.find(unit('a'))).not.toBeNull();
    known.clear();
    expect(known.find(unit('a'))).toBeNull();
  });

  test('does not hold long compiler logs', () => {
    const known = createKnownArtifacts();
    known.add(unit('a'), compiled('a', 'w'.repeat(10_000)));
    expect(known.find(unit('a'))).toBeNull();
  });
});
