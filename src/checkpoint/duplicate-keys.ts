/**
 * JSON.parse silently keeps the last of two equal keys, so two readers of one file could see different tensors under the same
 * name. Therefore duplicate keys are detected in the text itself.
 */
import { endOfString } from '../readers.ts';

/** The first key that occurs twice in one object of a JSON text, or undefined. The text must be valid JSON. (Does not use a
 * regular expression, because a string of several megabytes would overflow its stack.) */
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
      // Compare decoded keys: "a" and "\u0061" are the same.
      const key: string = JSON.parse(text);
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}
