/** A strategy of one's own, a hill climb over one param: node examples/own-strategy.ts FILE.c PROBLEM PARAM VALUE… */
import { readFile } from 'node:fs/promises';
import { connect } from 'kiln/client';

const [file = 'kernels/vector_add/seeds/3-streaming.c', problem = 'vector_add', param = 'UNROLL', ...given] = process.argv.slice(2);
const values = given.length > 0 ? given.map(Number) : [1, 2, 4, 8, 16];
const source = await readFile(file, 'utf8');
const kiln = connect();

const measure = async (value: number): Promise<number> => {
  const candidate = { problem, source, language: 'c', device: 'cpu', params: { [param]: value } } as const;
  for await (const { score } of kiln.judge([candidate])) return score?.speedup ?? 0;
  return 0;
};

let at = Math.floor(values.length / 2);
let best = await measure(values[at] ?? 1);
for (const step of [1, -1]) {
  for (let value = values[at + step]; value !== undefined; value = values[at + step]) {
    const speedup = await measure(value);
    if (speedup <= best) break;
    [at, best] = [at + step, speedup];
  }
}
console.log(`best: ${param}=${values[at]} at ${best.toFixed(2)}x`);
