import { expect, test } from 'vitest';
import { createFailedPairs } from '../../../../src/engine/judging/failed-pairs.ts';
import type { PairNote } from '../../../../src/domain/ports/store-rows.ts';
import { idOf } from '../../../support/builders.ts';

const pairsNoting = (notes: PairNote[] = []) => createFailedPairs((note) => void notes.push(note));
const [HOLDER, ONE, TWO, THREE] = [idOf('holder'), idOf('one'), idOf('two'), idOf('three')];

test('a holder is judged again after pairs with three challengers that came to nothing, however often each was tried', () => {
  const pairs = pairsNoting();
  for (const challenger of [ONE, ONE, TWO, ONE, TWO]) expect(pairs.onFailed({ holder: HOLDER, challenger })).toEqual([]);
  expect(pairs.onFailed({ holder: HOLDER, challenger: THREE })).toEqual([HOLDER, ONE, TWO, THREE]);
  pairs.forget(HOLDER);
  expect(pairs.onFailed({ holder: HOLDER, challenger: THREE })).toEqual([]);
});

test('a pair that was measured says that its holder lets others be', () => {
  const pairs = pairsNoting();
  for (const challenger of [ONE, TWO]) pairs.onFailed({ holder: HOLDER, challenger });
  pairs.onMeasured({ holder: HOLDER, challenger: ONE });
  expect(pairs.onFailed({ holder: HOLDER, challenger: THREE })).toEqual([]);
});

test('what is noted of a holder is all that the next life of the daemon needs to go on', () => {
  const notes: PairNote[] = [];
  const pairs = pairsNoting(notes);
  pairs.onMeasured({ holder: HOLDER, challenger: ONE });
  expect(notes, 'of one that lets others be nothing is written').toEqual([]);
  for (const challenger of [ONE, TWO]) pairs.onFailed({ holder: HOLDER, challenger });
  const next = pairsNoting();
  next.recover(notes);
  expect(next.onFailed({ holder: HOLDER, challenger: THREE })).toEqual([HOLDER, ONE, TWO, THREE]);
  pairs.onMeasured({ holder: HOLDER, challenger: ONE });
  expect(notes.at(-1)).toEqual({ holder: HOLDER, challenger: null });
});
