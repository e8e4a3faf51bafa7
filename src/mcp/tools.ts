/** All tools, in the order in which an agent comes to need them. */
import { cancel, explainCandidate, submitCandidate, trial, waitForVerdict } from './tools/candidate-tools.ts';
import { compare, diff } from './tools/comparing-tools.ts';
import { listDevices, queueStatus } from './tools/fleet-tools.ts';
import { getProblem, getSeed, listProblems } from './tools/problem-tools.ts';
import { profileCandidate } from './tools/profile-tool.ts';
import { history, ranking } from './tools/ranking-tools.ts';
import { sweep } from './tools/sweep-tool.ts';
import type { Tool } from './tool.ts';

export const TOOLS: readonly Tool[] = [
  listProblems,
  getProblem,
  getSeed,
  listDevices,
  queueStatus,
  submitCandidate,
  waitForVerdict,
  explainCandidate,
  compare,
  trial,
  diff,
  sweep,
  profileCandidate,
  ranking,
  history,
  cancel,
];
