import { describe, expect, test } from 'vitest';
import { createProgram } from '../../../src/cli/program.ts';

const namesOf = async (...words: readonly string[]): Promise<readonly string[]> =>
  (await createProgram(words)).commands.map((command) => command.name());
const hostNamesOf = async (...words: readonly string[]): Promise<readonly string[]> => {
  const host = (await createProgram(words)).commands.find((command) => command.name() === 'host');
  return host?.commands.map((command) => command.name()) ?? [];
};

describe('the commands of kiln', () => {
  test('are all there where none is named, and for completion, which is about all', async () => {
    const all = await namesOf();
    expect(all.length).toBeGreaterThan(20);
    expect(await namesOf('--help')).toEqual(all);
    expect(await namesOf('nothing-of-the-kind')).toEqual(all);
    expect(await namesOf('completion', 'bash')).toEqual(all);
  });

  test('are each alone where it is named, also behind options of the program', async () => {
    const names = (await namesOf()).filter((name) => name !== 'completion');
    expect(await Promise.all(names.map(async (name) => namesOf('--url', 'queue', name, '--json')))).toEqual(
      names.map((name) => [name]),
    );
  });

  test('of hosts too, in the order of the help', async () => {
    const all = await hostNamesOf('host');
    expect(all.length).toBeGreaterThan(10);
    expect(new Set(all).size).toBe(all.length);
    for (const name of all) expect(await hostNamesOf('host', name)).toContain(name);
    expect(await hostNamesOf('host', 'exec', '--help')).toEqual(['exec']);
  });

  test.each(['exec', 'run'])(
    'kiln host %s says where options of the command stand when it knows none of that name',
    async (name) => {
      const words = ['host', name, 'box', 'ls', '-la'];
      const program = await createProgram(words);
      let written = '';
      const command = program.commands[0]?.commands[0];
      command?.configureOutput({ writeErr: (text) => void (written += text) });
      await expect(program.parseAsync(words, { from: 'user' })).rejects.toThrow(/unknown option '-la'/u);
      expect(written).toContain("the command's own options stand behind --: NAME -- COMMAND…");
    },
  );
});
