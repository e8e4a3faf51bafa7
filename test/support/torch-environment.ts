import type { Environment } from '../../src/domain/environment.ts';
import { ContentHash } from '../../src/domain/ids.ts';

/** An environment in which programs are recorded, as its host tells it. */
export const TORCH: Environment = {
  name: 'torch',
  key: ContentHash.parse('ab'.repeat(32)),
  python: '3.12.3',
  torch: '2.11.0',
  triton: '3.6.0',
  cuda: '13.0',
  packages: {},
  sandbox: { level: 'namespaces', boundedBy: 'control group' },
  recorder: 'cupti',
  warnings: [],
};
