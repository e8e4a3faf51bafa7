import { describe, expect, test } from 'vitest';
import { createPointList, type ListedPoint } from '../../../src/dashboard/model/point-list.ts';

const judged = (number: number, reported: number | null = number + 1): ListedPoint => ({ number, reported, verdict: 'passed' });
const waiting = (number: number): ListedPoint => ({ number, reported: null, verdict: null });

describe('the points of a sweep', () => {
  test('are asked for from the first that is open or missing', () => {
    const list = createPointList(true);
    expect(list.after()).toBe(-1);
    list.take([judged(0), judged(1), waiting(2), judged(3)]);
    expect(list.after()).toBe(1);
    list.take([judged(2), judged(3), judged(5)]);
    expect(list.after()).toBe(3);
    list.take([waiting(4)]);
    expect(list.after()).toBe(3);
    expect(list.all().map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('are open until their verdict was told to the strategy, where there is one', () => {
    const [swept, submitted] = [createPointList(true), createPointList(false)];
    for (const list of [swept, submitted]) list.take([judged(0, null)]);
    expect([swept.after(), submitted.after()]).toEqual([-1, 0]);
  });

  test('are the same array while nothing changed', () => {
    const list = createPointList(true);
    list.take([judged(0), waiting(1)]);
    const before = list.all();
    list.take([waiting(1)]);
    expect(list.all()).toBe(before);
    list.take([judged(1)]);
    expect(list.all()).not.toBe(before);
  });

  test('are all asked for again where verdicts may have been taken back, and stay until the answer comes', () => {
    const list = createPointList(true);
    list.take([judged(0), judged(1)]);
    expect(list.after()).toBe(1);
    list.forget();
    expect(list.after()).toBe(-1);
    expect(list.all()).toHaveLength(2);
    list.take([waiting(0), judged(1)]);
    expect(list.after()).toBe(-1);
    expect(list.all()[0]).toEqual(waiting(0));
  });
});
