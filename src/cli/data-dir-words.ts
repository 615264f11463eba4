/** The flags about data for suggested commands. */
import { shellWord } from '../disk/shell-word.ts';
import { writtenName } from './flag.ts';
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

/** Returns the flags of `eval` that decide which weights are scored, on which images and how, if they differ from the default. */
export function scoringWords(flags: Pick<EvalFlags, 'evalData' | 'weights' | 'numExamples' | 'tta'>): string {
  return (['evalData', 'weights', 'numExamples', 'tta'] as const)
    .map((name) => (flags[name] === flagTable[name].default ? '' : ` --${writtenName(name)} ${flags[name]}`))
    .join('');
}
