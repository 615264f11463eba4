// @ts-check
/** Tidies the pages that TypeDoc wrote. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Leaves out the headings of repeated sections "Throws", which TypeDoc writes for every `@throws`, so that they become one section.
 * @param {string} text */
export function mergeThrows(text) {
  let last = '';
  return text
    .split('\n')
    .filter((line) => {
      if (!line.startsWith('#')) return true;
      const isRepeated = line === last && line.endsWith(' Throws');
      last = line;
      return !isRepeated;
    })
    .join('\n');
}

/** @param {string} folder */
export function tidyApi(folder) {
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.md')) continue;
    const path = join(folder, file);
    writeFileSync(path, mergeThrows(readFileSync(path, 'utf8')));
  }
}
