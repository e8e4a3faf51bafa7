import { describe, expect, test } from 'vitest';
import { deviceClassOf, KNOWN_CLASSES } from '../../../../src/domain/device.ts';
import { peaksOf } from '../../../../src/domain/ranking/device-peaks.ts';
import { noteOf } from '../../../../src/engine/answers/ranking-view.ts';

const gpu = (model: string) => ({ kind: 'gpu', model }) as const;
const memory = (model: string) => peaksOf(gpu(model))?.memoryBytesPerSecond ?? 0;

describe('peak rates of devices', () => {
  test.each([...KNOWN_CLASSES])('%s has some: what is impossible there is implausible', (name) => {
    expect(deviceClassOf(gpu(`NVIDIA ${name} 24GB`))).toBe(name);
    expect(peaksOf(gpu(`NVIDIA ${name} 24GB`))).not.toBeNull();
  });

  test.each([
    'NVIDIA RTX 6000 Ada Generation',
    'NVIDIA RTX A6000',
    'NVIDIA RTX PRO 6000 Blackwell Server Edition',
    'NVIDIA GeForce RTX 5090',
    'NVIDIA GeForce RTX 4090',
    'NVIDIA GeForce RTX 3090',
  ])('%s has the same by its model as by its class', (model) => {
    expect(peaksOf(gpu(model))).not.toBeNull();
    expect(peaksOf(gpu(deviceClassOf(gpu(model))))).toEqual(peaksOf(gpu(model)));
  });

  test('a part that is faster than its class has rates of its own', () => {
    expect(memory('NVIDIA H100 NVL')).toBeGreaterThan(memory('NVIDIA H100 80GB HBM3'));
    expect(memory('NVIDIA H20-3e')).toBeGreaterThan(memory('NVIDIA H20'));
  });

  test('a slower part that shares a name with a faster one does not get its rates', () => {
    expect(peaksOf(gpu('NVIDIA GeForce RTX 4090 Laptop GPU'))).toBeNull();
    expect(peaksOf(gpu('NVIDIA GeForce RTX 4090 D'))).toBeNull();
  });

  test('a ranking says where nothing is held against a floor', () => {
    expect(noteOf('gpu', 'NVIDIA L40')).toBeNull();
    expect(noteOf('gpu', 'NVIDIA Something 9000')).toContain('nothing here is held against a physical floor');
    expect(noteOf('cpu', 'EPYC')).toContain('nothing is held against a physical floor');
  });
});
