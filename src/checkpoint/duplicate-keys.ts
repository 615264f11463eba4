/**
 * JSON.parse keeps the last of two equal keys and says nothing; two readers of one file could then see two
 * different tensors under one name. So the keys are counted on the text itself.
 */
import { endOfString } from '../readers.ts';

/** The first key that occurs twice in one object of a JSON text, or undefined. The text must be valid JSON.
 * (Not a regular expression: a string of some megabytes would exhaust its stack.) */
export function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  let text = '';
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '{' || character === '[') open.push(new Set());
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const end = endOfString(json, at);
      text = json.slice(at, end + 1);
      at = end;
    } else if (character === ':') {
      // Compared after their escapes are undone: "a" and "\u0061" are the same key.
      const key: string = JSON.parse(text);
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}
