/** Messages from below the command line name options as the library does; here they become flags. */
import { shellWord } from '../disk/shell-word.ts';
import { writtenName } from './flag.ts';
import { flagTable } from './flag-table.ts';

/** `` `batchSize` `` becomes `--batch-size`, and `` `dataDir: my data` `` `--data-dir 'my data'`. Other text in backticks stays. */
export function inFlags(message: string): string {
  return message.replaceAll(/`([a-zA-Z0-9]+)(?:: ([^`\n]+))?`/g, (whole, name: string, value?: string) => {
    if (!Object.hasOwn(flagTable, name)) return whole;
    const flag = `--${writtenName(name)}`;
    return value === undefined ? flag : `${flag} ${shellWord(value)}`;
  });
}
