/** Environments of a host for programs: Pythons with PyTorch and what belongs to it. */
import { z } from 'zod';
import { ContentHash } from './ids.ts';

export const ENVIRONMENTS_MAX = 8;

export const EnvironmentName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,39}$/u, 'must be a name of at most 40 small letters, digits, ".", "_" and "-"');

/** As the fleet file names it. */
export const NamedEnvironment = z.strictObject({
  name: EnvironmentName,
  /** Path of its Python on the host. */
  python: z.string().regex(/^\/[^\0\n]{1,4095}$/u, 'must be the absolute path of a Python on the host'),
});
export type NamedEnvironment = z.infer<typeof NamedEnvironment>;

/** As its own Python tells it, on the host. */
export const Environment = z.strictObject({
  name: EnvironmentName,
  /** Hash of all versions: where two agree, a program runs the same code of others. */
  key: ContentHash,
  python: z.string(),
  torch: z.string().nullable(),
  triton: z.string().nullable(),
  /** That PyTorch was built for. */
  cuda: z.string().nullable(),
  /** Those of its packages that people ask for by name. */
  packages: z.record(z.string(), z.string()),
  /** The walls around a running program, shown by actions that must fail; `none`: no program runs. What bounds its memory and processes. */
  sandbox: z.strictObject({
    level: z.enum(['namespaces', 'landlock', 'none']),
    boundedBy: z.enum(['control group', 'watching']),
  }),
  /** What notes the launches of a program, so that they can be judged; `none`: programs are built and not judged here. */
  recorder: z.enum(['cupti', 'simulated', 'none']),
  warnings: z.array(z.string()),
});
export type Environment = z.infer<typeof Environment>;
