import { expect, test } from 'vitest';
import type { FleetView } from '../../../../src/domain/api/fleet.ts';
import type { Environment } from '../../../../src/domain/environment.ts';
import type { McpKiln } from '../../../../src/mcp/mcp-kiln.ts';
import { listDevices } from '../../../../src/mcp/tools/fleet-tools.ts';
import { fleetOf } from '../../../support/agents/fleet.ts';
import { TORCH } from '../../../support/torch-environment.ts';

const told = async (environments: readonly Environment[]): Promise<string> => {
  const fleet: FleetView = fleetOf([{ model: 'NVIDIA H100 80GB HBM3' }], environments);
  const kiln: Pick<McpKiln, 'fleet'> = { fleet: async () => Promise.resolve(fleet) };
  return listDevices.say({ kiln: kiln as McpKiln }, {});
};

test('a GPU takes programs in python where its host can record them, and only there', async () => {
  expect(await told([TORCH])).toContain(', languages python, 0 wait');
  expect(await told([{ ...TORCH, recorder: 'none' }])).not.toContain('python');
});
