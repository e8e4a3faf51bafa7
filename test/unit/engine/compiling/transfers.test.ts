import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { ContentHash } from '../../../../src/domain/ids.ts';
import { createBundles } from '../../../../src/engine/compiling/bundles.ts';
import { createTransferQueue } from '../../../../src/engine/compiling/transfer-queue.ts';

const hash = (digit: string): ContentHash => ContentHash.parse(digit.repeat(64));
const bundle = (bytes: number) => ({ sha256: hash('f'), bytes: Buffer.alloc(bytes) });

describe('artifacts under way', () => {
  test('are bounded by their bytes, and what was used longest ago goes first', () => {
    const bundles = createBundles(100);
    for (const digit of ['a', 'b', 'c']) bundles.add(hash(digit), bundle(30));
    bundles.find(hash('a'));
    bundles.add(hash('d'), bundle(30));
    expect(['a', 'b', 'c', 'd'].filter((digit) => bundles.find(hash(digit)))).toEqual(['a', 'c', 'd']);
    bundles.add(hash('e'), bundle(100));
    expect(['a', 'c', 'd', 'e'].filter((digit) => bundles.find(hash(digit)))).toEqual(['e']);
  });

  test('count once when they come again, and not when forgotten', () => {
    const bundles = createBundles(100);
    for (let times = 0; times < 5; times += 1) bundles.add(hash('a'), bundle(60));
    bundles.add(hash('b'), bundle(40));
    expect(bundles.find(hash('a'))).not.toBeNull();
    bundles.forget(hash('a'));
    bundles.forget(hash('a'));
    bundles.add(hash('c'), bundle(60));
    expect(['b', 'c'].filter((digit) => bundles.find(hash(digit)))).toEqual(['b', 'c']);
  });
});

/** A lane of at most two under way that notes what it started and what was answered. */
const createNoted = (start: (artifact: ContentHash) => string | null = () => null) => {
  const started: string[] = [];
  const answered: string[] = [];
  const lane = createTransferQueue((artifact) => {
    started.push(artifact.charAt(0));
    return start(artifact);
  }, 2);
  const ask = (digit: string): void => lane.ask(hash(digit), (failure) => answered.push(`${digit}: ${failure}`));
  return { lane, ask, started, answered };
};

describe('requests about artifacts', () => {
  test('are made once for each, however many wait, and everybody is told once', () => {
    const { lane, ask, started, answered } = createNoted();
    for (const digit of ['a', 'a', 'a']) ask(digit);
    expect(started).toEqual(['a']);
    lane.answered(hash('a'), null);
    lane.answered(hash('a'), 'twice');
    lane.answered(hash('b'), 'nobody asked');
    expect(answered).toEqual(['a: null', 'a: null', 'a: null']);
    ask('a');
    expect(started).toEqual(['a', 'a']);
  });

  test('are under way in a bounded number; the others follow in order', () => {
    const { lane, ask, started } = createNoted();
    for (const digit of ['a', 'b', 'c', 'd']) ask(digit);
    expect(started).toEqual(['a', 'b']);
    lane.answered(hash('b'), 'no');
    expect(started).toEqual(['a', 'b', 'c']);
    lane.answered(hash('a'), null);
    expect(started).toEqual(['a', 'b', 'c', 'd']);
  });

  test('that cannot be made are answered at once and hold nobody up', () => {
    const { ask, started, answered } = createNoted((artifact) => (artifact.startsWith('b') ? 'away' : null));
    for (const digit of ['b', 'b', 'a', 'c']) ask(digit);
    expect(answered).toEqual(['b: away', 'b: away']);
    expect(started).toEqual(['b', 'b', 'a', 'c']);
  });

  test('are all answered when the host is gone, also when they are asked again meanwhile', () => {
    let isAway = false;
    const { lane, ask, answered } = createNoted(() => (isAway ? 'away' : null));
    for (const digit of ['a', 'b', 'c']) ask(digit);
    lane.ask(hash('d'), () => ask('e'));
    isAway = true;
    lane.drop('lost');
    expect(answered).toEqual(['a: lost', 'b: lost', 'c: lost', 'e: away']);
  });
});
