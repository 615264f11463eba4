/** Finds the docstrings of what a module exports. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface ExportedNames {
  /** All names that the module exports. */
  readonly found: readonly string[];
  /** Those without a docstring, with the file that declares them. */
  readonly undocumented: readonly string[];
}

/** Reads a module that only exports from other modules. */
export function undocumentedExports(module: string): ExportedNames {
  const text = readFileSync(module, 'utf8');
  const found: string[] = [];
  const undocumented: string[] = [];
  for (const [, names = '', path = ''] of text.matchAll(/^export (?:type )?\{([^}]*)\} from '([^']*)';/gm)) {
    const source = readFileSync(join(dirname(module), path), 'utf8');
    for (const item of names.split(',').map((one) => one.trim().replace(/^type /, ''))) {
      if (item === '') continue;
      const [original = '', name = original] = item.split(' as ');
      found.push(name);
      if (!isDocumented(source, original)) undocumented.push(`${path} ${original}`);
    }
  }
  for (const [, path = ''] of text.matchAll(/^export type \* from '([^']*)';/gm)) {
    const others = undocumentedExports(join(dirname(module), path));
    found.push(...others.found);
    undocumented.push(...others.undocumented);
  }
  return { found, undocumented };
}

/** Whether a comment ends on the line above the declaration. */
function isDocumented(source: string, name: string): boolean {
  const kind = '(?:async )?(?:abstract )?(?:function\\*?|const|class|interface|type)';
  return new RegExp(`\\*/\\nexport ${kind} ${name}\\b`).test(source);
}
