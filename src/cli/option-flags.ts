/** Messages of the library contain the names of its options. The command line converts them to flags. */
import { shellWord } from '../disk/shell-word.ts';
import { writtenName } from './flag.ts';
import { flagTable } from './flag-table.ts';

/** Converts `` `batchSize` `` to `--batch-size`, and `` `dataDir: my data` `` to `--data-dir 'my data'`. Other text in
 * backticks is unchanged. */
export function inFlags(message: string): string {
  return message.replaceAll(/`([a-zA-Z0-9]+)(?:: ([^`\n]+))?`/g, (whole, name: string, value?: string) => {
    if (!Object.hasOwn(flagTable, name)) return whole;
    const flag = `--${writtenName(name)}`;
    return value === undefined ? flag : `${flag} ${shellWord(value)}`;
  });
}
