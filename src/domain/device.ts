import { z } from 'zod';
import { DeviceId } from './ids.ts';

/** What people ask for: "H100", "A100", "cpu". Derived from the model, see deviceClassOf. */
export const DeviceClass = z.string().regex(/^[A-Za-z0-9_-]{1,40}$/, 'a device class is a short name such as H100, A100 or cpu');
export type DeviceClass = z.infer<typeof DeviceClass>;

/** What a runner says of one device. Candidates are compared only between devices of one `model`. */
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
  /** How its kernels reach memory of the host that was never given to the GPU; null or missing: they do not. */
  hostMemory: z.string().nullable().optional(),
  /** Of the cpu device: its vector instructions, and bytes of caches by name ("L1d", "L2"). */
  processor: z.strictObject({ isa: z.array(z.string()), caches: z.record(z.string(), z.number().min(0)) }).optional(),
});
export type Device = z.infer<typeof Device>;

/** Each has peak rates, see device-peaks.ts. */
export const KNOWN_CLASSES = [
  'GB200',
  'GB300',
  'B300',
  'B200',
  'GH200',
  'H200',
  'H100',
  'H800',
  'H20',
  'A100',
  'A800',
  'L40S',
  'L40',
  'L4',
  'A40',
  'A30',
  'A10G',
  'A10',
  'V100',
  'T4',
] as const;
const CLASS = new RegExp(String.raw`\b(${KNOWN_CLASSES.join('|')})\b`);

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
