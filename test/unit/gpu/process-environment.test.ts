import { expect, test } from 'vitest';
import { commandEnvironment, runnerEnvironment } from '../../../src/gpu/process-environment.ts';

const env = {
  PATH: '/bin',
  HOME: '/somewhere',
  CUDA_HOME: '/usr/local/cuda',
  KILN_SIMULATED_DEVICES: '2',
  KILN_TRITON_PYTHON: '/opt/triton/bin/python3',
  KILN_TOKEN: 'secret',
  KILN_REDIS_URL: 'secret',
  ANTHROPIC_API_KEY: 'secret',
  AWS_PROFILE: 'lab',
};

test('candidates run below an environment without secrets', () => {
  expect(runnerEnvironment(env)).toEqual({
    PATH: '/bin',
    HOME: '/somewhere',
    CUDA_HOME: '/usr/local/cuda',
    KILN_SIMULATED_DEVICES: '2',
    KILN_TRITON_PYTHON: '/opt/triton/bin/python3',
  });
});

test('a command of the fleet file keeps its own variables and gets none of ours', () => {
  expect(Object.keys(commandEnvironment(env))).toEqual([
    'PATH',
    'HOME',
    'CUDA_HOME',
    'KILN_SIMULATED_DEVICES',
    'KILN_TRITON_PYTHON',
    'AWS_PROFILE',
  ]);
});
