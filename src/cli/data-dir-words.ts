/** How a command that is suggested names the data folder: not at all where it is the usual one. */
import { shellWord } from '../disk/shell-word.ts';
import { flagTable } from './flag-table.ts';

export function dataDirWords(dataDir: string): string {
  return dataDir === flagTable.dataDir.default ? '' : ` --data-dir ${shellWord(dataDir)}`;
}
