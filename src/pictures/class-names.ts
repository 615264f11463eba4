/** The names of classes, as they come from folders and lists. */
import { RunError } from '../errors.ts';
import { alternatives, counted, oneLine, quoted } from '../wording.ts';

const most = 1000;

/** Returns the form in which a name is compared and stored. File systems differ in how they store letters with accents (as one
 * character or as two), so two folders may have the same name in different forms. */
export function normalName(name: string): string {
  return name.normalize('NFC');
}

/** Compares names by their code points, as Python's `sorted` does, so that PyTorch's ImageFolder numbers the classes in the same
 * order. */
export function compareNames(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  let at = 0;
  while (at < shorter && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at === shorter ? a.length - b.length : orderOf(a.charCodeAt(at)) - orderOf(b.charCodeAt(at));
}

/** Returns the place of a UTF-16 unit in the order of code points. A surrogate is half of a code point above all others. */
function orderOf(unit: number): number {
  return (unit & 0xf800) === 0xd800 ? unit + 0x10000 : unit;
}

/** Returns the distinct names in order.
 * @param where the folder or the file with the classes, for messages
 * @throws RunError for fewer than 2 or more than 1,000 classes, and for names that cannot be written in a line */
export function classesOfNames(
  names: Iterable<string>,
  where: string,
  advice: string = '',
): readonly string[] {
  const classes = [...new Set(names)].sort(compareNames);
  const unsuitable = classes.find((name) => /\p{Cc}|[\u2028\u2029]/u.test(name));
  if (unsuitable !== undefined)
    throw new RunError(
      `${where}: the name of the class ${quoted(unsuitable)} contains a control character; rename it`,
    );
  if (classes.length === 1)
    throw new RunError(
      `${where}: found one class (${oneLine(classes[0] ?? '')}), expected at least 2, because a network learns to tell classes apart${advice}`,
    );
  if (classes.length > most)
    throw new RunError(
      `${where}: found ${counted(classes.length, 'class', 'classes')}, expected at most ${most.toLocaleString('en-US')}`,
    );
  return classes;
}

/** The folders in which a picture may be, by the names that PyTorch, Keras and Ultralytics use. */
export const splitFolders: ReadonlyMap<string, 'train' | 'validation' | 'test'> = new Map([
  ['train', 'train'],
  ['training', 'train'],
  ['val', 'validation'],
  ['valid', 'validation'],
  ['validation', 'validation'],
  ['test', 'test'],
  ['testing', 'test'],
]);

/** Returns the part that a name means, whatever its case. */
export function splitNamed(name: string): 'train' | 'validation' | 'test' | undefined {
  return splitFolders.get(name.toLowerCase());
}

export const splitNames: string = alternatives([...splitFolders.keys()]);
