/**
 * The vendor's peak rates of GPU models, as upper bounds: a time below what they allow is `implausible`, so each is that of the fastest part of
 * its name, dense, with the cheaper accumulation where that is faster.
 */
import { type Device, deviceClassOf } from '../device.ts';
import type { ComputeUnit } from '../problem.ts';
import { ownValue } from '../../platform/own-value.ts';

/** Memory bytes/s, operations/s by unit. */
export interface DevicePeaks {
  readonly memoryBytesPerSecond: number;
  readonly flopsPerSecond: Readonly<Record<ComputeUnit, number>>;
}

/** TB/s, then TFLOP/s of f64, f32, f16 and f8. */
const peaks = (memory: number, [f64, f32, f16, f8]: readonly [number, number, number, number]): DevicePeaks => ({
  memoryBytesPerSecond: memory * 1e12,
  flopsPerSecond: { f64: f64 * 1e12, f32: f32 * 1e12, f16_tensor: f16 * 1e12, f8_tensor: f8 * 1e12 },
});

/**
 * NVIDIA's data sheets of the products ("Tensor Core GPU Datasheet", "HGX B200/B300", "GB200/GB300 NVL72"; of A10G, which has none, the A10's with the
 * rates that its cloud vendor gives). Where FP8 is not in the hardware, f8 runs as f16.
 */
const PEAKS: Readonly<Record<string, DevicePeaks>> = {
  A10: peaks(0.6, [0.98, 31.2, 125, 125]),
  A10G: peaks(0.6, [1.1, 35, 140, 140]),
  A30: peaks(0.933, [10.3, 10.3, 165, 165]),
  A40: peaks(0.696, [1.2, 37.4, 149.7, 149.7]),
  A100: peaks(2.04, [19.5, 19.5, 312, 312]),
  A800: peaks(2.04, [19.5, 19.5, 312, 312]),
  H100: peaks(3.36, [67, 67, 990, 1979]),
  H800: peaks(3.36, [67, 67, 990, 1979]),
  H20: peaks(4.0, [44, 44, 148, 296]),
  H200: peaks(4.8, [67, 67, 990, 1979]),
  GH200: peaks(4.9, [67, 67, 990, 1979]),
  B200: peaks(8.0, [40, 80, 2250, 4500]),
  GB200: peaks(8.0, [45, 90, 2500, 5000]),
  B300: peaks(8.0, [1.4, 80, 2500, 5000]),
  GB300: peaks(8.0, [1.4, 83, 2500, 5000]),
  L40S: peaks(0.864, [1.44, 91.6, 362, 733]),
  L40: peaks(0.864, [1.42, 90.5, 362, 724]),
  L4: peaks(0.3, [0.5, 30.3, 121, 242]),
  T4: peaks(0.32, [0.25, 8.1, 65, 65]),
  V100: peaks(0.9, [7.8, 15.7, 125, 125]),
};

/**
 * Models that differ from their class, and those whose class is their whole name: data sheets "H100 NVL", "RTX 6000 Ada", "RTX A6000", "RTX PRO 6000
 * Blackwell"; the architectures' white papers (GA102, Ada, RTX Blackwell) for GeForce. Matched against models and the classes made of them.
 */
const MODELS: readonly (readonly [RegExp, DevicePeaks])[] = [
  [/\bH100 NVL\b/, peaks(3.94, [60, 60, 835, 1671])],
  // HBM3e, as the H200 has.
  [/\bH20-3e\b/, peaks(4.8, [44, 44, 148, 296])],
  [/\bRTX[ -]6000[ -]Ada\b/, peaks(0.96, [1.43, 91.1, 364.2, 728.5])],
  [/\bRTX[ -]A6000\b/, peaks(0.768, [1.3, 38.7, 154.8, 154.8])],
  [/\bRTX[ -]PRO[ -]6000[ -]Blackwell\b/, peaks(1.792, [2, 126, 504, 1008])],
  [/\bRTX[ -]5090(?![ -]|D)/, peaks(1.792, [1.7, 105, 419, 838])],
  [/\bRTX[ -]4090(?![ -]|D)/, peaks(1.008, [1.3, 82.6, 330.3, 660.6])],
  [/\bRTX[ -]3090(?![ -])/, peaks(0.936, [0.56, 35.6, 142, 142])],
];

/** Null where no bound is known (the cpu device, a model outside the tables): then nothing is called implausible, and rankings say so. */
export const peaksOf = (device: Pick<Device, 'kind' | 'model'>): DevicePeaks | null =>
  device.kind === 'cpu'
    ? null
    : (MODELS.find(([pattern]) => pattern.test(device.model))?.[1] ?? ownValue(PEAKS, deviceClassOf(device)) ?? null);
