/**
 * String literals of protobuf's text format (protobuf.dev, "Text Format Language", String Literals): quoted, with
 * C's escapes. Bytes outside printable ASCII are written in octal, as TensorFlow does.
 */

const named: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
  '"': 34,
  "'": 39,
  '?': 63,
  '\\': 92,
};
const writtenByName = new Map(['t', 'n', 'r', '"', "'", '\\'].map((letter) => [named[letter], letter]));

/** `"model.ckpt-0.safetensors"`, quotes included. */
export function quoteText(text: string): string {
  const quoted = [...new TextEncoder().encode(text)].map((byte) => {
    const letter = writtenByName.get(byte);
    if (letter !== undefined) return `\\${letter}`;
    const printable = byte >= 0x20 && byte < 0x7f;
    return printable ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `"${quoted.join('')}"`;
}

/** The text of a literal, or undefined where it is none. (Not a regular expression: a literal of some megabytes would
 * exhaust its stack.) */
export function unquoteText(quoted: string): string | undefined {
  const quote = quoted[0];
  if (quoted.length < 2 || (quote !== '"' && quote !== "'") || quoted.at(-1) !== quote) return undefined;
  const parts: Uint8Array[] = [];
  for (let at = 1; at < quoted.length - 1; ) {
    const backslash = quoted.indexOf('\\', at);
    const end = backslash === -1 ? quoted.length - 1 : backslash;
    const plain = quoted.slice(at, end);
    if (plain.includes(quote) || plain.includes('\n')) return undefined;
    parts.push(new TextEncoder().encode(plain));
    if (backslash === -1) break;
    const [byte, length] = escapeAt(quoted, backslash);
    at = backslash + length;
    if (byte === undefined || byte > 255 || at > quoted.length - 1) return undefined;
    parts.push(Uint8Array.of(byte));
  }
  return new TextDecoder().decode(joined(parts));
}

const escapes = /\\([0-7]{1,3})|\\[xX]([0-9a-fA-F]{1,2})|\\(.)/uy;

/** The byte that an escape means, and how many characters it takes. */
function escapeAt(text: string, start: number): readonly [byte: number | undefined, length: number] {
  escapes.lastIndex = start;
  const [all = '', octal, hex, letter = ''] = escapes.exec(text) ?? [];
  if (octal !== undefined) return [Number.parseInt(octal, 8), all.length];
  if (hex !== undefined) return [Number.parseInt(hex, 16), all.length];
  return [named[letter], all.length];
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
