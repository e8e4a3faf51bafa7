import { CandidateId } from '../../../src/domain/ids.ts';
import { type Exhibit, GenerationContext } from '../../../src/domain/campaign/generation-context.ts';
import type { Language, Params } from '../../../src/domain/plan/plan.ts';

export const exhibitOf = (source: string, params: Params = {}, language: Language = 'c'): Exhibit => ({
  candidateId: CandidateId.parse(`c-${'0'.repeat(32)}`),
  language,
  source,
  params,
  idea: '',
  speedup: 1,
  floorShare: null,
  cases: [],
  profile: null,
});

/** A context of the problem "copy", which has one case. */
export const contextOf = (change: Partial<GenerationContext>): GenerationContext =>
  GenerationContext.parse({
    version: 1,
    move: 'improve',
    problem: {
      name: 'copy',
      title: 'Copy',
      variables: ['n'],
      tensors: { x: { dtype: 'f32', shape: ['n'], role: 'in' }, y: { dtype: 'f32', shape: ['n'], role: 'out' } },
      tolerance: { rtol: 0, atol: 0, relative_l2: 1e-12 },
      check: [{ name: 'odd', shape: { n: 77 } }],
      bench: { cpu: [{ name: 'some', shape: { n: 4096 } }], gpu: [{ name: 'some', shape: { n: 4096 } }] },
      floor: { read_bytes: '4*n', write_bytes: '4*n', flops: 'n', unit: 'f32' },
    },
    statement: '',
    reference: { file: 'reference.c', source: '' },
    contract: '',
    examples: [],
    device: {
      class: 'cpu',
      model: 'a processor',
      architecture: 'native',
      multiprocessors: 1,
      memoryBytes: 1,
      l2Bytes: 1,
      sharedBytesPerBlock: null,
      copyBytesPerSecond: null,
      peakBytesPerSecond: null,
      peakFlopsPerSecond: null,
    },
    languages: ['c', 'cuda', 'triton'],
    incumbent: null,
    parents: [],
    failure: null,
    attempts: [],
    seed: 1,
    ...change,
  });
