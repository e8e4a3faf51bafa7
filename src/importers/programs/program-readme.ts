/** What a person is to know of an imported problem. */
import type { Source } from './source.ts';

const WORDS = {
  gpumode:
    'a task of GPU MODE. `reference.py` and the files beside it are as they were; `ref_kernel` is the reference and the baseline. Inputs are drawn by Kiln, as `generate_input` was seen to draw them, if nothing else is said below.',
  kernelbench:
    'a file of KernelBench. `reference.py` is as it was; `Model` is the reference and the baseline, made with what `get_init_inputs` returned, after `torch.manual_seed(42)`. Inputs are drawn by Kiln, as `get_inputs` was seen to draw them, if nothing else is said below.',
} as const;

export const programReadme = ({ label, kind }: Source, name: string, notes: readonly string[]): string =>
  [
    `# ${name}`,
    '',
    `Imported from \`${label}\`: ${WORDS[kind]}`,
    '',
    '- `floor` counts every input and output once. Lower it where a right kernel can read less; say how many operations it must do.',
    '- Where the results are smaller than `atol`, zeros would pass: Kiln refuses such a problem when a device first tries it. Lower `atol` then.',
    '- Their own harness is not taken, and its times are not comparable with these.',
    ...notes.map((note) => `- ${note[0]?.toUpperCase() ?? ''}${note.slice(1)}.`),
    '',
    `\`./kiln problem reload\` has the daemon read it. Then: \`./kiln submit FILE --problem ${name} --watch\`.`,
    '',
  ].join('\n');
