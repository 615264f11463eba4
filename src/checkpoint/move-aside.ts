/** A run makes room for another without being lost. */
import { access, rename } from 'node:fs/promises';
import { messageOf, RunError } from '../errors.ts';

/** Renames `<dir>` to `<dir>.1`, or the first number that is free, and returns the new name; undefined where there is
 * no such folder.
 * @throws RunError when it cannot be renamed. */
export async function moveAside(dir: string): Promise<string | undefined> {
  const from = dir.replace(/[/\\]+$/, '');
  if (!(await exists(from))) return undefined;
  let number = 1;
  while (await exists(`${from}.${number}`)) number++;
  try {
    await rename(from, `${from}.${number}`);
  } catch (error) {
    throw new RunError(`${from}: cannot be moved aside to ${from}.${number} (${messageOf(error)})`);
  }
  return `${from}.${number}`;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
