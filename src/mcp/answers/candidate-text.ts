/** What the data about a candidate says, in words. */
import { interval, nanoseconds, percent, seconds, times } from '../../domain/text/units.ts';
import type { CandidateData, CaseData, FailureData } from './candidate-data.ts';
import { timeText } from './time-data.ts';
import { lines, paramsText } from './words.ts';

export const candidateText = (data: CandidateData): string =>
  lines(
    headline(data),
    data.duplicate,
    data.byAnswers && `It is judged by its answers: ${data.byAnswers}`,
    standingText(data),
    data.cases && ['Per bench case:', ...data.cases.map(caseText)].join('\n'),
    data.library && `Library: ${data.library}`,
    data.failure && failureText(data.failure),
    data.said,
    data.compilerMessages,
    data.resources && Object.entries(data.resources).map(kernelText).join('\n'),
    data.judged?.join('\n'),
    data.source,
    data.next,
  );

/** "c-…: passed, 1.53x [1.51, 1.55], 73.0 µs, 84 % of the floor on NVIDIA H100 80GB HBM3" */
const headline = (data: CandidateData): string => {
  const { id, problem, device, language, params, trial, status, verdict, waiting } = data;
  const what = `${problem} on ${device}, ${language}${paramsText(params)}${trial === undefined ? '' : `, trial ${trial}`}`;
  if (verdict === null) return `${id} (${what}): ${status}${waiting === undefined ? '' : `. ${waitingText(waiting)}`}`;
  return `${id} (${what}): ${status === 'done' ? verdict : `${verdict} (${status})`}${scoreText(data)}`;
};

const waitingText = ({ reason, todo, etaSeconds }: NonNullable<CandidateData['waiting']>): string =>
  `${reason}${todo === undefined ? '' : `; ${todo}`}${etaSeconds === undefined ? '' : `; about ${seconds(etaSeconds)} to go`}`;

const scoreText = (data: CandidateData): string => {
  const { speedup, speedupLow, speedupHigh, ranksAs, timeNs, floorShare, deviceModel } = data;
  if (speedup === undefined || speedupLow === undefined || speedupHigh === undefined) return '';
  const ranked = ranksAs === undefined || ranksAs === speedup ? '' : `, ranks as ${times(ranksAs)}`;
  const time = timeNs === undefined ? '' : `, ${timeText({ ...data, timeNs })}`;
  const floor = floorShare === undefined ? '' : `, ${percent(floorShare)} of the floor`;
  return `, ${times(speedup)} ${interval(speedupLow, speedupHigh)}${ranked}${time}${floor}${deviceModel === undefined ? '' : ` on ${deviceModel}`}`;
};

const standingText = ({ standing }: CandidateData): string | undefined =>
  standing &&
  [standing.place, standing.pair, standing.confirmation, standing.stopped].filter((part) => part !== undefined).join('; ');

export const caseText = (item: CaseData): string => {
  const { case: name, shape, medianNs, baselineNs, recordNs, libraryNs, floorNs, speedup, speedupLow, speedupHigh, humps } = item;
  const limits = [part('floor', floorNs), part('library', libraryNs), part('record', recordNs)].join('');
  const two =
    humps === undefined
      ? ''
      : `, two humps: ${nanoseconds(humps.lowNs)} in ${percent(humps.lowShare)} of the runs, else ${nanoseconds(humps.highNs)}`;
  return `- ${name}${shapeText(shape)}: ${nanoseconds(medianNs)}, baseline ${nanoseconds(baselineNs)}${limits}, ${times(speedup)} ${interval(speedupLow, speedupHigh)}${rates(item)}${two}`;
};

const part = (name: string, ns: number | undefined): string => (ns === undefined ? '' : `, ${name} ${nanoseconds(ns)}`);

const rates = ({ floorShare, bound, gigabytesPerSecond, teraflopsPerSecond }: CaseData): string =>
  [
    floorShare === undefined ? '' : `, ${percent(floorShare)} of the ${bound ?? 'physical'} floor`,
    gigabytesPerSecond === undefined ? '' : `, ${gigabytesPerSecond} GB/s`,
    teraflopsPerSecond === undefined ? '' : `, ${teraflopsPerSecond} TFLOP/s`,
  ].join('');

const failureText = ({
  reason,
  case: name,
  shape,
  tensor,
  position,
  expected,
  actual,
  relativeL2,
  ...beside
}: FailureData): string => {
  const { largest, near } = beside;
  return lines(
    `Why it did not pass: ${reason}`,
    expected === undefined
      ? undefined
      : `At case ${name}${shapeText(shape)}, ${tensor}${placeText(position)}: expected ${expected}, got ${actual}${relativeL2 === undefined ? '' : `; ||out - ref|| / ||ref|| is ${relativeL2}`}`,
    largest &&
      `Furthest off: ${tensor}${placeText(largest.position)} (flat index ${largest.index}): expected ${largest.expected}, got ${largest.actual}, off by ${largest.error}`,
    near &&
      `Beside it, by flat index, expected and got: ${near.map((at) => `${at.index}: ${at.expected} ${at.actual}`).join('; ')}`,
  );
};

const placeText = (position: readonly number[] | undefined): string => position?.map((at) => `[${at}]`).join('') ?? '';

const shapeText = (shape: CaseData['shape']): string =>
  shape === undefined
    ? ''
    : ` (${Object.entries(shape)
        .map(([name, size]) => `${name}=${size}`)
        .join(', ')})`;

const kernelText = ([name, { registers, sharedBytes, spillBytes }]: [string, NonNullable<CandidateData['resources']>[string]]) =>
  `- kernel ${name}: ${registers} registers a thread, ${spillBytes} bytes spilled, ${sharedBytes} bytes of static shared memory`;
