/** The problem and the device, the same for all agents that work on them. */
import type { DeviceSheet, GenerationContext } from '../../domain/campaign/generation-context.ts';
import { fenceLanguage } from '../../domain/text/side-text.ts';
import { nanoseconds } from '../../domain/text/units.ts';
import type { Problem } from '../../domain/problem.ts';

export type ProblemPart = Pick<
  GenerationContext,
  'problem' | 'statement' | 'reference' | 'device' | 'playbook' | 'languages' | 'headroom'
>;

export const problemText = ({ problem, statement, reference, device, playbook, languages, headroom }: ProblemPart): string =>
  [
    ...(playbook === '' ? [] : [playbook]),
    `The problem: ${problem.name} (${problem.title})`,
    statement.trim(),
    `Its definition. Buffers are contiguous and row-major; kernel arguments are named by the plan's args.\n${definition(problem, device)}`,
    referenceText(reference),
    `The device\n${deviceText(device)}`,
    ...(headroom.length === 0 ? [] : [`What the device allows at best, your target\n${headroom.map(headroomText).join('\n')}`]),
    `Write the candidate in ${languages.length === 1 ? languages[0] : `one of: ${languages.join(', ')}`}.`,
  ].join('\n\n');

const referenceText = ({ file, source }: ProblemPart['reference']): string => {
  const fence = fenceLanguage(file);
  if (fence !== '') return `The reference, ${file}. It says what is right.\n\n\`\`\`${fence}\n${source.trim()}\n\`\`\``;
  return `The reference, ${file}. It says what is right; it is plain and slow on purpose.\n\n${source.trim()}`;
};

/** Each part on a line of its own, as JSON. */
const definition = (problem: Problem, device: DeviceSheet): string => {
  const bench = device.class === 'cpu' ? problem.bench.cpu : problem.bench.gpu;
  const { variables, tensors, scalars, tolerance, check, hidden, floor } = problem;
  return Object.entries({ variables, tensors, scalars, tolerance, check, ...(hidden && { hidden }), bench, floor })
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    .join('\n');
};

const deviceText = (device: DeviceSheet): string =>
  [
    `${device.model} (class ${device.class}), ${device.architecture}, ${device.multiprocessors} multiprocessors`,
    `memory ${gigabytes(device.memoryBytes)}, L2 cache ${megabytes(device.l2Bytes)}`,
    device.sharedBytesPerBlock === null ? null : `shared memory of a block, at most: ${device.sharedBytesPerBlock} bytes`,
    device.copyBytesPerSecond === null
      ? null
      : `measured: a large copy moves ${rate(device.copyBytesPerSecond, 'B', 2)} (read and written)`,
    device.peakBytesPerSecond === null ? null : `peak of the memory: ${rate(device.peakBytesPerSecond, 'B')}`,
    ...Object.entries(device.peakFlopsPerSecond ?? {}).map(([unit, flops]) => `peak of ${unit}: ${rate(flops, 'op')}`),
  ]
    .filter((line) => line !== null)
    .map((line) => `- ${line}`)
    .join('\n');

const headroomText = ({ case: name, floorNs, bound }: GenerationContext['headroom'][number]): string =>
  `- ${name}: ${nanoseconds(floorNs)}, bound by ${bound}`;

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
/** What is measured varies a little each time; two digits keep the text the same, and with it the service's prompt cache. */
const rate = (perSecond: number, unit: string, digits = 4): string => {
  const [size, prefix] = perSecond >= 1e12 ? [1e12, 'T'] : [1e9, 'G'];
  return `${Number((perSecond / size).toPrecision(digits))} ${prefix}${unit}/s`;
};
