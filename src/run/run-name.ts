/** Names of runs by the options that distinguish them: stable, readable, and safe in every file system and shell. */
import { createHash } from 'node:crypto';

/** File systems allow 255 bytes; suffixes such as `-eval` and `.1` come on top. */
const longest = 120;

/** `learning_rate=0.1,seed=0`: the options in the order in which they are given, values shortened and characters replaced where
 * needed. `run` for none. */
export function runName(options: Readonly<Record<string, string | number | boolean>>): string {
  const parts = Object.entries(options).map(
    ([name, value]) => `${snakeCase(name)}=${String(value).replaceAll(/[^A-Za-z0-9.+-]/g, '_')}`,
  );
  const name = parts.join(',') || 'run';
  if (name.length <= longest) return name;
  const digest = createHash('sha256').update(JSON.stringify(options)).digest('hex').slice(0, 8);
  return `${name.slice(0, longest - 9)}~${digest}`;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
