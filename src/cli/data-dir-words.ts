/** The flag for the data folder in suggested commands. It is omitted for the default folder. */
import { shellWord } from '../disk/shell-word.ts';
import { flagTable } from './flag-table.ts';

export function dataDirWords(dataDir: string): string {
  return dataDir === flagTable.dataDir.default ? '' : ` --data-dir ${shellWord(dataDir)}`;
}
