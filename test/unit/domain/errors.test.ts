import { expect, test } from 'vitest';
import { errorOfHost } from '../../../src/domain/errors.ts';

test('what a host refuses keeps its words, also under a code of a newer host', () => {
  expect(errorOfHost({ code: 'NOT_FOUND', message: 'no job j-1' })).toMatchObject({ code: 'NOT_FOUND', message: 'no job j-1' });
  expect(errorOfHost({ code: 'OF_TOMORROW', message: 'not today' })).toMatchObject({
    code: 'WORK_REFUSED',
    message: 'not today',
  });
});
