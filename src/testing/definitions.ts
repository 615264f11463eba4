/** Finds what a source file defines and what it reads, for tests that compare pages with sources. */

/** Returns everything declared with const, let, function, class, interface or type, the members of these, and the keys of
 * records. Names in comments, strings, imports and calls do not count. */
export function definitionsIn(source: string): ReadonlySet<string> {
  const code = codeOf(source);
  const declared = /\b(?:const|let|function\*?|class|interface|type)\s+(\w+)/g;
  const fields = /^\s+(?:(?:static|override|readonly) +)*(?:#|readonly +)(\w+) = /gm;
  const keys = /(?:^\s*|[{,(]\s*)(?:readonly\s+)?#?(\w+)\??:/gm;
  const found = [declared, fields, keys].flatMap((pattern) => [...code.matchAll(pattern)]);
  return new Set([...found.map(([, name = '']) => name), ...methodsIn(code)]);
}

/** Returns the members that a file reads: `x.name`, `const { name, name: other } = x`, `({ name }) =>` and `pick(x, 'name')`.
 * Names of local variables, keys of records, and names in comments and imports do not count. `{ name }` also counts where it is
 * a value and not a pattern. */
export function readsIn(source: string): ReadonlySet<string> {
  const code = source.replaceAll(comments, '').replaceAll(imports, '');
  const members = [...code.matchAll(/\.(\w+)|'(\w+)'/g)].map(([, member, quoted]) => member ?? quoted ?? '');
  return new Set([...members, ...takenOut(code)]);
}

/** Yields the names in braces that are neither a block nor a type. */
function* takenOut(code: string): Generator<string> {
  for (const [, inside = '', after] of code.matchAll(/(?<!\$)\{([^{};]*)\}( = |: | of |\) =>)?/g))
    for (const entry of inside.split(',')) {
      const [, name, renamed] = /^\s*(?:(\w+)\s*(?:=.*)?|(\w+): .*)$/s.exec(entry) ?? [];
      if (name !== undefined) yield name;
      if (renamed !== undefined && after !== undefined) yield renamed;
    }
}

/** Yields the members that are functions: a name at the beginning of a line and parameters, followed by a body or a type. */
function* methodsIn(text: string): Generator<string> {
  const start = /^ +(?:(?:static|async|override|get|set|readonly) +)*\*?#?(\w+)(?:<[^()]*>)?\(/gm;
  for (const found of text.matchAll(start)) {
    const [, name = ''] = found;
    const isStatement = /^(?:if|for|while|switch|catch|return)$/.test(name);
    const after = text.slice(closingAt(text, found.index + found[0].length));
    if (!isStatement && /^\)(?:: |\s*\{)/.test(after)) yield name;
  }
}

/** Returns the position at which the parenthesis that was opened before `at` is closed. */
function closingAt(text: string, at: number): number {
  let open = 1;
  for (let place = at; place < text.length; place++) {
    if (text[place] === '(') open++;
    if (text[place] === ')') open--;
    if (open === 0) return place;
  }
  return text.length;
}

/** Returns the source without comments, imports and exports of other files, and with the contents of all strings and
 * regular expressions removed. */
function codeOf(source: string): string {
  const pieces =
    /\/\*[\s\S]*?\*\/|\/\/.*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|(?<=[=(,:!&|?]\s*)\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\//g;
  return source.replaceAll(pieces, (piece) => (/^\/[*/]/.test(piece) ? '' : "''")).replaceAll(imports, '');
}

const imports = /^import\s[^;]*;|^export (?:type )?\{[^}]*\} from[^;]*;/gm;
const comments = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;
