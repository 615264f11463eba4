/** The flags about data for suggested commands. */
import { shellWord } from '../disk/shell-word.ts';
import { type EvalFlags, flagTable } from './flag-table.ts';

/** Returns the `--data-dir` flag, which is omitted if the data folder is the default one. */
export function dataDirWords(dataDir: string): string {
  return dataDir === flagTable.dataDir.default ? '' : ` --data-dir ${shellWord(dataDir)}`;
}

/** Returns the flags that name other data than that of the checkpoint, each after a space. */
export function otherDataWords(flags: Pick<EvalFlags, 'dataset' | 'labels' | 'data' | 'cache'>): string {
  return (['dataset', 'labels', 'data', 'cache'] as const)
    .map((name) => (flags[name] === undefined ? '' : ` --${name} ${shellWord(flags[name])}`))
    .join('');
}
