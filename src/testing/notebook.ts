/** The notebook in examples/, as tests read it. */
import { readFileSync } from 'node:fs';

/** What a cell printed (`text`), or what it shows, by media type (`data`). Texts are lists of lines. */
export interface CellResult {
  readonly output_type: 'stream' | 'execute_result' | 'display_data' | 'error';
  readonly text?: readonly string[];
  readonly data?: Readonly<Record<string, readonly string[]>>;
}

export interface Cell {
  readonly cell_type: 'code' | 'markdown';
  readonly source: readonly string[];
  readonly outputs?: readonly CellResult[];
}

export interface Notebook {
  readonly nbformat: number;
  readonly metadata: { readonly kernelspec: { readonly name: string } };
  readonly cells: readonly Cell[];
}

export const readNotebook = (file: string): Notebook => JSON.parse(readFileSync(file, 'utf8')) as Notebook;

/** All texts that the cells printed or show, as one. */
export function resultsOf(notebook: Notebook): string {
  return notebook.cells
    .flatMap(({ outputs = [] }) => outputs)
    .flatMap(({ text = [], data = {} }) => [...text, ...Object.values(data).flat()])
    .join('');
}
