import { describe, expect, test } from 'vitest';
import { bytes, interval, milliseconds, nanoseconds, percent, seconds, times } from '../../../../src/domain/text/units.ts';

describe('units', () => {
  test.each([
    [0.5, '0.500 ns'],
    [12, '12.0 ns'],
    [999.4, '999 ns'],
    [999.6, '1.00 µs'],
    [73_000, '73.0 µs'],
    [999_960, '1.00 ms'],
    [1_234_567, '1.23 ms'],
    [2_100_000_000, '2.10 s'],
  ])('%d ns reads %s', (ns, text) => {
    expect(nanoseconds(ns)).toBe(text);
  });

  test.each([
    [0, '0 s'],
    [0.25, '250 ms'],
    [4.24, '4.2 s'],
    [90, '1 min 30 s'],
    [7260, '2 h 1 min'],
  ])('%d s reads %s', (value, text) => {
    expect(seconds(value)).toBe(text);
  });

  test('ratios, intervals, shares and sizes', () => {
    expect([times(1.527), times(12.34), times(123.4)]).toEqual(['1.53x', '12.3x', '123x']);
    expect(interval(1.4951, 1.525)).toBe('[1.50, 1.52]');
    expect([percent(0.5), percent(0.0712), percent(1)]).toEqual(['50 %', '7.1 %', '100 %']);
    expect([bytes(0), bytes(700), bytes(262_144), bytes(3.5 * 1024 ** 3)]).toEqual(['0 B', '700 B', '256 KiB', '3.50 GiB']);
    expect(milliseconds(0)).toBe('0 ns');
  });
});
