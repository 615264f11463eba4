/** Which types a reader of the package's declarations (`.d.ts`) meets, starting from its entry. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A declaration of a file: `file#name`. */
export type Declaration = `${string}#${string}`;

interface Module {
  /** Text of each top-level declaration, documentation left out. */
  readonly declarations: ReadonlyMap<string, string>;
  /** The file that each imported name, or name that is exported again, comes from. */
  readonly imported: ReadonlyMap<string, Declaration>;
  readonly passedOn: ReadonlyMap<string, Declaration>;
}

/** Exported declarations that are used by those of the entry, directly or not, and cannot be imported from the entry. */
export function unexportedTypes(entry: string): readonly Declaration[] {
  const modules = new Map<string, Module>();
  const moduleOf = (file: string) => {
    const known = modules.get(file) ?? readModule(file);
    modules.set(file, known);
    return known;
  };
  /** Where it is declared, if a file only passes it on. */
  const origin = (declaration: Declaration): Declaration => {
    const [file = '', name = ''] = declaration.split('#');
    const passedOn = moduleOf(file).passedOn.get(name);
    return passedOn === undefined ? declaration : origin(passedOn);
  };
  const exported = new Set([...moduleOf(entry).passedOn.values()].map(origin));
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
    passedOn: namesFrom(text, 'export', file),
  };
}

function namesFrom(text: string, word: 'import' | 'export', file: string): ReadonlyMap<string, Declaration> {
  const names = new Map<string, Declaration>();
  const lists = text.matchAll(new RegExp(`^${word} (?:type )?\\{([^}]*)\\} from '(\\.[^']*)'`, 'gm'));
  for (const [, list = '', path = ''] of lists) {
    const source = join(dirname(file), path.replace(/\.[jt]s$/, '.d.ts'));
    for (const item of list
      .split(',')
      .map((one) => one.trim().replace(/^type /, ''))
      .filter(Boolean)) {
      const [original = '', local = original] = item.split(' as ');
      names.set(local, `${source}#${original}`);
    }
  }
  return names;
}
