/** The `--data-dir` flag for suggested commands. It is omitted if the data folder is the default one. */
import { shellWord } from '../disk/shell-word.ts';
import { flagTable } from './flag-table.ts';

export function dataDirWords(dataDir: string): string {
  return dataDir === flagTable.dataDir.default ? '' : ` --data-dir ${shellWord(dataDir)}`;
}
