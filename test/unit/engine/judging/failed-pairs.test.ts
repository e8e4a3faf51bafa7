import { expect, test } from 'vitest';
import { createFailedPairs } from '../../../../src/engine/judging/failed-pairs.ts';
import { idOf } from '../../../support/builders.ts';

const [HOLDER, ONE, TWO, THREE] = [idOf('holder'), idOf('one'), idOf('two'), idOf('three')];

test('a holder is judged again after pairs with three challengers that came to nothing, however often each was tried', () => {
  const pairs = createFailedPairs();
  for (const challenger of [ONE, ONE, TWO, ONE, TWO]) expect(pairs.onFailed({ holder: HOLDER, challenger })).toEqual([]);
  expect(pairs.onFailed({ holder: HOLDER, challenger: THREE })).toEqual([HOLDER, ONE, TWO, THREE]);
  pairs.forget(HOLDER);
  expect(pairs.onFailed({ holder: HOLDER, challenger: THREE })).toEqual([]);
});

test('a pair that was measured says that its holder lets others be', () => {
  const pairs = createFailedPairs();
  for (const challenger of [ONE, TWO]) pairs.onFailed({ holder: HOLDER, challenger });
  pairs.onMeasured({ holder: HOLDER, challenger: ONE });
  expect(pairs.onFailed({ holder: HOLDER, challenger: THREE })).toEqual([]);
});
