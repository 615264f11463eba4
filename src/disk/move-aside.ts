/** A run makes room for another without being lost. */
import { rename } from 'node:fs/promises';
import { messageOf, RunError } from '../errors.ts';
import { exists } from './exists.ts';

/** Renames `<dir>` to `<dir>.1`, or the first number that is free, and returns the new name.
 * @throws RunError when it cannot be renamed. */
export async function moveAside(dir: string): Promise<string> {
  const from = dir.replace(/[/\\]+$/, '');
  let number = 1;
  while (await exists(`${from}.${number}`)) number++;
  try {
    await rename(from, `${from}.${number}`);
  } catch (error) {
    throw new RunError(`${from}: cannot be moved aside to ${from}.${number} (${messageOf(error)})`);
  }
  return `${from}.${number}`;
}
