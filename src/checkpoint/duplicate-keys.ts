/**
 * JSON.parse keeps the last of two equal keys and says nothing; two readers of one file could then see two
 * different tensors under one name. So the keys are counted on the text itself.
 */

const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/** The first key that stands twice in one object of a JSON text, or undefined. The text must be valid JSON. */
export function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  let text = '';
  for (const [token] of json.matchAll(tokens)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (token !== ':') text = token;
    else {
      // Compared after their escapes are undone: "a" and "\u0061" are the same key.
      const key: string = JSON.parse(text);
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}
