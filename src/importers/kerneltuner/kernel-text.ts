/** A kernel's file with its launch plan in front. */
import { yamlText } from '../yaml-text.ts';

/** As the tuner compiles it: kernels without C++ names have C names, and the code may ask whether it is tuned. */
const PREAMBLE = '#define kernel_tuner 1\n';

export const kernelText = (source: string, kernel: string, plan: object): string =>
  `/* kiln\n${yamlText(plan)}*/\n${PREAMBLE}${withCName(source, kernel)}`;

const withCName = (source: string, kernel: string): string => {
  if (/extern\s+"C"/.test(source) || !/^\w+$/.test(kernel)) return source;
  const declared = new RegExp(
    String.raw`(__global__(?:\s+__launch_bounds__\s*\([^;{]*?\))?\s+void(?:\s+__launch_bounds__\s*\([^;{]*?\))?\s+${kernel}\s*\()`,
    'g',
  );
  return source.replaceAll(declared, 'extern "C" $1');
};
