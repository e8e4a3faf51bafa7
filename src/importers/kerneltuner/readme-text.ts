/** What a person is to know of an imported problem. */
export const readmeText = (name: string, kernel: string, notes: readonly string[]): string =>
  [
    `# ${name}`,
    '',
    `\`${kernel}\`, imported from a tuning problem in the T1 form. Such a problem says what is launched, not what is right:`,
    '',
    '- `reference.cu` is the kernel itself at one point of its space, and what counts as 1.00x. Put a plain, obviously right kernel there before a result is believed.',
    '- There is one shape, the one that was given. Add small and awkward ones to `check`.',
    '- `floor` is zero: say how many bytes any right kernel must read and write, and what is faster than the device can be is found.',
    ...notes.map((note) => `- ${note[0]?.toUpperCase() ?? ''}${note.slice(1)}.`),
    '',
    'A daemon that runs takes it up with `./kiln problem reload`. Then: `./kiln sweep start kernels/NAME/sweep.yaml --watch`.'.replace(
      'NAME',
      name,
    ),
    '',
  ].join('\n');
