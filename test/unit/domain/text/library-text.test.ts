import { describe, expect, test } from 'vitest';
import type { LibraryTime } from '../../../../src/domain/library.ts';
import { libraryOn, librarySource, libraryText } from '../../../../src/domain/text/library-text.ts';
import { LIBRARY } from '../../../support/server/fake-problem.ts';

const [A100, H100] = LIBRARY as [LibraryTime, LibraryTime];

describe('what a library takes, in words', () => {
  test('is its times, or why there are none', () => {
    expect(libraryText({ ...H100, cases: [...H100.cases, { case: 'small', medianNs: 1234 }] })).toBe(
      'library on NVIDIA H100 80GB HBM3 (torch 2.11.0, CUDA 13.0, driver 580.65): big 18.0 µs, small 1.23 µs',
    );
    expect(libraryText(A100)).toBe('no library time on NVIDIA A100-SXM4-80GB: not measured yet: it is once a device is idle');
    expect([librarySource(H100), librarySource(A100)]).toEqual(['torch 2.11.0, CUDA 13.0, driver 580.65', libraryText(A100)]);
  });

  test('is one line, whatever a program said of itself', () => {
    expect(libraryText({ ...A100, reason: 'it is judged crashed:\n\u001B[31mall is well' })).toBe(
      'no library time on NVIDIA A100-SXM4-80GB: it is judged crashed: all is well',
    );
  });

  test('is that of the model that is asked for', () => {
    expect(libraryOn(LIBRARY, H100.deviceModel)).toBe(H100);
    expect(libraryOn(LIBRARY, 'another')).toBeNull();
  });
});
