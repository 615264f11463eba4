/** Finds the types that are reachable from the entry of the package's declarations (`.d.ts`). */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A declaration in a file, written `file#name`. */
export type Declaration = `${string}#${string}`;

interface Module {
  /** The text of each top-level declaration, without comments. */
  readonly declarations: ReadonlyMap<string, string>;
  /** Where each imported name comes from. */
  readonly imported: ReadonlyMap<string, Declaration>;
  /** Where each re-exported name comes from. */
  readonly reexported: ReadonlyMap<string, Declaration>;
}

/** Returns the exported declarations that the entry uses, directly or indirectly, but does not export. */
export function unexportedTypes(entry: string): readonly Declaration[] {
  const modules = new Map<string, Module>();
  const moduleOf = (file: string) => {
    const known = modules.get(file) ?? readModule(file);
    modules.set(file, known);
    return known;
  };
  /** Returns the original declaration, which is found by following re-exports. */
  const origin = (declaration: Declaration): Declaration => {
    const [file = '', name = ''] = declaration.split('#');
    const reexported = moduleOf(file).reexported.get(name);
    return reexported === undefined ? declaration : origin(reexported);
  };
  const exported = new Set([...moduleOf(entry).reexported.values()].map(origin));
  const reached = new Set(exported);
  for (const declaration of reached) {
    const [file = '', name = ''] = declaration.split('#');
    const { declarations, imported } = moduleOf(file);
    for (const [word] of (declarations.get(name) ?? '').matchAll(/\b[A-Z]\w*\b/g)) {
      if (declarations.has(word)) reached.add(`${file}#${word}`);
      const elsewhere = imported.get(word);
      if (elsewhere !== undefined) reached.add(origin(elsewhere));
    }
  }
  const canBeImported = (declaration: Declaration) => {
    const [file = '', name = ''] = declaration.split('#');
    return moduleOf(file).declarations.get(name)?.startsWith('export') === true;
  };
  return [...reached].filter((one) => !exported.has(one) && canBeImported(one)).sort();
}

function readModule(file: string): Module {
  const text = readFileSync(file, 'utf8')
    .replaceAll(/\/\*.*?\*\//gs, '')
    .replaceAll(/^ *private .*$/gm, '');
  const declarations = new Map<string, string>();
  for (const [statement, name = ''] of text.matchAll(
    /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|const|function) (\w+)[\s\S]*?(?=^\w|$(?![\s\S]))/gm,
  )) {
    declarations.set(name, (declarations.get(name) ?? '') + statement);
  }
  return {
    declarations,
    imported: namesFrom(text, 'import', file),
    reexported: namesFrom(text, 'export', file),
  };
}

function namesFrom(text: string, word: 'import' | 'export', file: string): ReadonlyMap<string, Declaration> {
  const names = new Map<string, Declaration>();
  const lists = text.matchAll(new RegExp(`^${word} (?:type )?\\{([^}]*)\\} from '(\\.[^']*)'`, 'gm'));
  for (const [, list = '', path = ''] of lists) {
    const source = sourceOf(file, path);
    for (const item of list
      .split(',')
      .map((one) => one.trim().replace(/^type /, ''))
      .filter(Boolean)) {
      const [original = '', local = original] = item.split(' as ');
      names.set(local, `${source}#${original}`);
    }
  }
  for (const [, path = ''] of text.matchAll(new RegExp(`^${word} type \\* from '(\\.[^']*)'`, 'gm')))
    for (const [name, declaration] of readModule(sourceOf(file, path)).reexported)
      names.set(name, declaration);
  return names;
}

/** Returns the path of the declarations of a module. */
function sourceOf(file: string, path: string): string {
  return join(dirname(file), path.replace(/\.[jt]s$/, '.d.ts'));
}
