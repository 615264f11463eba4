/** The source files that run in browsers, according to the table in docs/architecture.md. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isTestFile } from './test-files.ts';

const source = fileURLToPath(new URL('../../src/', import.meta.url));

/** Returns the folders and files of src as the table names them, such as `tensor` and `input/batch.ts`. */
export function pageRows(): readonly string[] {
  const page = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8');
  const [, table = ''] = /\n\| runs in a page \|.*\n\|[-|]+\n((?:\|.*\n)+)/.exec(page) ?? [];
  return table.split('\n').flatMap((row) => {
    const [, names = ''] = row.split('|');
    return [...names.matchAll(/`([\w./-]+)`/g)].map(([, name = '']) => name);
  });
}

/** Returns the paths relative to src/, without tests. */
export function pageFiles(): readonly string[] {
  const rows = pageRows();
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !isTestFile(file))
    .filter((file) => rows.some((row) => file === row || file === `${row}.ts` || file.startsWith(`${row}/`)))
    .sort();
}
