/**
 * The same candidates through every path, in one run: how much of the bare judge's speed reaches the user. Prints Markdown tables.
 *
 * usage: node bench/gpu/throughput.ts [--gpus 1,2] [--candidates 500] [--sections a,b,c,d,e,f,ranked,faults] [--out FILE]
 *   --gpus: numbers of GPUs to measure with, each with the first so many of this machine (default: all of them)
 * With KILN_SIMULATED_DEVICES=N (and KILN_SIMULATED_JUDGE_MS) it runs without hardware; what needs a GPU is then left out.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { count } from '../count.ts';
import { startSshd } from '../../test/support/sshd.ts';
import { sessionEnvironment } from './rate/session-environment.ts';
import { mixedStream } from './rate/candidates.ts';
import { prepareWork } from './rate/prepared-work.ts';
import { isComplete, throughputReport } from './rate/report.ts';
import { measureBlock, SECTIONS } from './rate/sections.ts';
import type { Section } from './rate/sections.ts';

const CANDIDATES = 500;
const CANDIDATES_MAX = 1000;

const main = async (): Promise<void> => {
  const options = optionsOf();
  const folder = mkdtempSync(join(tmpdir(), 'kiln-throughput-'));
  const sshd = await startSshd({ env: sessionEnvironment() });
  try {
    const stream = mixedStream(options.candidates, 0);
    say(`compiling ${stream.length} candidates for the bare judge`);
    const work = await prepareWork(stream, folder);
    const blocks = [];
    for (const gpus of options.gpus ?? [work.devices.length]) {
      if (gpus > work.devices.length) throw new Error(`--gpus: ${gpus} asked for, this machine has ${work.devices.length}`);
      blocks.push(await measureBlock({ work, stream, sshd, gpus, sections: options.sections, say }));
    }
    const facts = {
      date: new Date().toISOString().slice(0, 10),
      inventory: work.inventory,
      devices: work.devices,
      candidates: stream.length,
      compiling: work.compiling,
      blocks,
    };
    const text = throughputReport(facts);
    process.stdout.write(text);
    if (options.out) writeFileSync(options.out, text);
    if (!isComplete(facts)) process.exitCode = 1;
  } finally {
    await sshd.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
};

const say = (text: string): void => void process.stderr.write(`throughput: ${text}\n`);

const optionsOf = () => {
  const { values } = parseArgs({
    options: {
      gpus: { type: 'string' },
      candidates: { type: 'string' },
      sections: { type: 'string' },
      out: { type: 'string' },
    },
  });
  return {
    out: values.out,
    gpus: values.gpus?.split(',').map((text) => count('--gpus', text, 1024)),
    candidates: count('--candidates', values.candidates ?? String(CANDIDATES), CANDIDATES_MAX),
    sections: new Set((values.sections?.split(',') ?? SECTIONS).map(sectionOf)),
  };
};

const sectionOf = (text: string): Section => {
  const section = SECTIONS.find((known) => known === text);
  if (section) return section;
  throw new Error(`--sections: "${text}" is none of ${SECTIONS.join(', ')}`);
};

await main();
