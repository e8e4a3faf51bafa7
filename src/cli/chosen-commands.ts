/** Commands by their names, in the order of the help. One that adds several stands behind each of its names. */
export type Commands<Add> = Readonly<Record<string, () => Promise<Add>>>;

/** The command that is named alone, since loading is most of the time that a command takes; all where none of them is named, as for help. */
export const chosenOf = async <Add>(commands: Commands<Add>, name: string | undefined): Promise<readonly Add[]> => {
  const named = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
  const loads = named === undefined ? new Set(Object.values(commands)) : [named];
  return Promise.all([...loads].map(async (load) => load()));
};
