import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definitionsIn, readsIn } from './definitions.ts';

const source = `
import { imported, type Type } from './other.ts';
import {
  second,
} from './other.ts';
export { passedOn } from './other.ts';
/** Draws \`inComment\`: const also = 1; */
// function lineComment() {}
export const table = {
  keep: 5,
  nested: { inner: 'const inString = 1' },
};
const pattern = /const inPattern = "/;
export interface Options {
  readonly ready?: number;
  next(): Promise<void>;
}
export type Name = 'one' | 'two';
export class Counter {
  readonly limit = 1;
  #hidden = 1;
  static async create<T>(start: { first: T }): Promise<Counter> {
    calledAtLineStart(start);
    return new Made(unknown, (argument) => argument);
  }
  get rate(): number {
    if (mentioned) throw new Error(\`const inTemplate = \${value}\`);
    assigned = 2;
    return imported(1);
  }
}
function* generate(): Generator<number> {}
`;

test('declarations, members and keys are definitions', () => {
  const found = definitionsIn(source);
  const expected = [
    'table',
    'keep',
    'nested',
    'inner',
    'pattern',
    'Options',
    'ready',
    'next',
    'Name',
    'Counter',
  ];
  for (const name of [...expected, 'limit', 'hidden', 'create', 'rate', 'generate'])
    assert.ok(found.has(name), name);
});

test('names in comments, strings, imports and calls are not definitions', () => {
  const found = definitionsIn(source);
  const imports = ['imported', 'Type', 'second', 'passedOn'];
  const texts = ['inComment', 'also', 'lineComment', 'inString', 'inPattern', 'inTemplate', 'one'];
  const uses = ['calledAtLineStart', 'Made', 'unknown', 'mentioned', 'assigned', 'Error', 'value', 'if'];
  for (const name of [...imports, ...texts, ...uses]) assert.ok(!found.has(name), name);
});

test('members, destructured names and quoted names are read; local variables, keys and parameters are not', () => {
  const found = readsIn(`
import { imported } from './other.ts';
/** options.inComment */
// options.inLine
const options = { key: 1, other: { inner: 2 } };
const { taken, renamed: local, withDefault = call(plain) } = options;
for (const { looped, again: it } of list) use(\`\${inTemplate} \${options.member}\`);
const f = ({ parameter }: Type, argument: number) => optional?.chained + pick(options, 'quoted') + argument;
`);
  assert.deepEqual(
    [...found].sort(),
    ['chained', 'looped', 'again', 'member', 'parameter', 'quoted', 'renamed', 'taken', 'withDefault'].sort(),
  );
});
