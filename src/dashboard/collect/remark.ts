/** Remarks about files, for viewers. Paths of the machine are not for every viewer: only the names of files remain. */

import { oneLine } from '../../wording.ts';

/** Replaces each absolute path in a text by the last part of it. A path reaches to a quote, a colon, or the end, and may contain
 * spaces only inside quotes. */
export function withoutPaths(text: string): string {
  return text
    .replace(/(['"`])(?:[A-Za-z]:)?[\\/][^'"`]*[\\/]([^'"`\\/]*)\1/g, '$1$2$1')
    .replace(/(?<![\w.\\/-])(?:[A-Za-z]:)?[\\/](?:[^\s:'"`\\/]+[\\/])+/g, '');
}

/** Replaces the path of a file by its name, and any other absolute path by its last part. */
export function withoutPath(
  text: string,
  { path, name }: { readonly path: string; readonly name: string },
): string {
  return withoutPaths(text.replaceAll(oneLine(path), oneLine(name)));
}
