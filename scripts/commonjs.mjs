// @ts-check
/**
 * Writes the entries for CommonJS to a build: `index.cjs` with `index.d.cts`, and so on. A program can then `require()` the package:
 *
 *     index.cjs      requires the module `index.js`, which Node.js can do since 20.19
 *     index.d.cts    declares the same names, for TypeScript with the setting `module: node16`, which does not know that
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

/** Returns the names of the entries of the package, such as `index`. */
function entries() {
  /** @type {{ exports: Record<string, string | { require: { default: string } }> }} */
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.values(exports).flatMap((target) =>
    typeof target === 'string' ? [] : [target.require.default.replace(/^\.\/dist\/(.*)\.cjs$/, '$1')],
  );
}

/** Returns the values that an entry exports, which are not only types, and whether each is a class.
 * @param {string} dist
 * @param {string} entry */
function valuesOf(dist, entry) {
  const declarations = readFileSync(join(dist, `${entry}.d.ts`), 'utf8');
  return [...declarations.matchAll(/^export \{([^}]*)\} from '(.*)\.ts';$/gm)].flatMap(
    ([, list = '', file = '']) => {
      const source = readFileSync(join(dist, `${file}.d.ts`), 'utf8');
      return list
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '' && !item.startsWith('type '))
        .map((item) => {
          const [inside = '', name = inside] = item.split(' as ');
          return {
            name,
            isClass: new RegExp(`^export declare (abstract )?class ${inside}\\b`, 'm').test(source),
          };
        });
    },
  );
}

/** @param {string} dist the folder of the build */
export function writeCommonJs(dist) {
  for (const entry of entries()) {
    const values = valuesOf(dist, entry);
    const origin = `'./${entry}.js' with { 'resolution-mode': 'import' }`;
    const lines = [
      `import type * as library from ${origin};`,
      `export type * from ${origin};`,
      ...values.map(({ name }) => `export declare const ${name}: typeof library.${name};`),
      ...values.filter(({ isClass }) => isClass).map(({ name }) => `export type ${name} = library.${name};`),
    ];
    writeFileSync(join(dist, `${entry}.d.cts`), `${lines.join('\n')}\n`);
    writeFileSync(join(dist, `${entry}.cjs`), `'use strict';\nmodule.exports = require('./${entry}.js');\n`);
  }
}
