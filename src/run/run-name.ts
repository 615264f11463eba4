/** Names of runs, made of the options that distinguish them. The names are stable, readable, and safe in every file system
 * and shell. */
import { createHash } from 'node:crypto';
import { snakeCase } from '../wording.ts';

/** The maximum length of a name. File systems allow 255 bytes, and suffixes such as `-eval` and `.1` are added to the name. */
const longest = 120;

/** Returns a name such as `learning_rate=0.1,seed=0`, with the options in the given order. Long values are shortened, and
 * unsafe characters are replaced. Without options the name is `run`. */
export function runName(options: Readonly<Record<string, string | number | boolean>>): string {
  const parts = Object.entries(options).map(
    ([name, value]) => `${snakeCase(name)}=${String(value).replaceAll(/[^A-Za-z0-9.+-]/g, '_')}`,
  );
  const name = parts.join(',') || 'run';
  if (name.length <= longest) return name;
  const digest = createHash('sha256').update(JSON.stringify(options)).digest('hex').slice(0, 8);
  return `${name.slice(0, longest - 9)}~${digest}`;
}
