import { z } from 'zod';
import { DeviceId } from './ids.ts';
import type { ComputeUnit } from './problem.ts';

/** What people ask for: "H100", "A100", "cpu". Derived from the model, see deviceClassOf. */
export const DeviceClass = z.string().regex(/^[A-Za-z0-9_-]{1,40}$/, 'a device class is a short name such as H100, A100 or cpu');
export type DeviceClass = z.infer<typeof DeviceClass>;

/** What a runner says of one device. Records are compared only between devices of one `model`. */
export const Device = z.strictObject({
  id: DeviceId,
  kind: z.enum(['gpu', 'cpu']),
  /** The driver's full name ("NVIDIA H100 80GB HBM3"), or the CPU's model name. */
  model: z.string().min(1),
  /** "sm_90a", or "native" for the cpu device. */
  architecture: z.string(),
  memoryBytes: z.number().min(0),
  multiprocessors: z.int().min(0),
  l2Bytes: z.number().min(0),
  /** Measured by the runner at start: bytes/s of a large copy, read plus written. Null until measured. */
  copyBytesPerSecond: z.number().positive().nullable(),
  /** Why the device takes no work now ("canary failed", "foreign process 123"), or null. */
  unavailable: z.string().nullable(),
});
export type Device = z.infer<typeof Device>;

const CLASS = /\b(GB200|GB300|B300|B200|GH200|H200|H100|H800|H20|A100|A800|L40S|L40|L4|A40|A30|A10G|A10|V100|T4)\b/;

/** Devices of a runner started with KILN_SIMULATED_DEVICES: no hardware, a class and rankings of their own. */
const SIMULATED_MODEL = 'Kiln simulated GPU';
const SIMULATED_CLASS = 'simulated';

/** "NVIDIA H100 80GB HBM3" -> "H100"; a model we do not know -> its name with "-" for what a class may not hold. */
export const deviceClassOf = (device: Pick<Device, 'kind' | 'model'>): DeviceClass => {
  if (device.kind === 'cpu') return 'cpu';
  if (device.model === SIMULATED_MODEL) return SIMULATED_CLASS;
  const known = CLASS.exec(device.model)?.[1];
  return DeviceClass.parse(
    known ??
      device.model
        .replace(/^NVIDIA\s+/, '')
        .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
        .slice(0, 40),
  );
};

/** The class that `name` means, whatever its case, if it is one Kiln knows by name (in the fleet or not); otherwise null. */
export const knownClass = (name: string): DeviceClass | null => {
  const lower = name.toLowerCase();
  if (lower === 'cpu' || lower === SIMULATED_CLASS) return lower;
  const upper = name.toUpperCase();
  return CLASS.exec(upper)?.[0] === upper ? upper : null;
};

/** The vendor's peak rates: memory bytes/s, operations/s by unit (dense). Upper bounds for `implausible`. */
export interface DevicePeaks {
  readonly memoryBytesPerSecond: number;
  readonly flopsPerSecond: Readonly<Record<ComputeUnit, number>>;
}

const peaks = (memory: number, f64: number, f32: number, f16: number, f8: number): DevicePeaks => ({
  memoryBytesPerSecond: memory * 1e12,
  flopsPerSecond: { f64: f64 * 1e12, f32: f32 * 1e12, f16_tensor: f16 * 1e12, f8_tensor: f8 * 1e12 },
});

/** NVIDIA datasheets, SXM parts (the fastest of their class, so that a bound never rejects an honest kernel). TB/s, TFLOP/s. */
const PEAKS: Readonly<Record<string, DevicePeaks>> = {
  A100: peaks(2.04, 19.5, 19.5, 312, 312),
  A800: peaks(2.04, 19.5, 19.5, 312, 312),
  H100: peaks(3.36, 67, 67, 990, 1979),
  H800: peaks(3.36, 67, 67, 990, 1979),
  H20: peaks(4.0, 44, 44, 148, 296),
  H200: peaks(4.8, 67, 67, 990, 1979),
  GH200: peaks(4.9, 67, 67, 990, 1979),
  B200: peaks(8.0, 40, 80, 2250, 4500),
  GB200: peaks(8.0, 40, 80, 2500, 5000),
  L40S: peaks(0.864, 1.4, 91.6, 362, 733),
  L4: peaks(0.3, 0.5, 30.3, 121, 242),
  T4: peaks(0.32, 0.25, 8.1, 65, 65),
  V100: peaks(0.9, 7.8, 15.7, 125, 125),
};

/** Null where no bound is known (the cpu device, a model outside the table): then nothing is called implausible. */
export const peaksOf = (device: Pick<Device, 'kind' | 'model'>): DevicePeaks | null => PEAKS[deviceClassOf(device)] ?? null;
