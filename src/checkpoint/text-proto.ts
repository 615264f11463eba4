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

const literal = /^(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')$/s;
const pieces = /\\([0-7]{1,3})|\\[xX]([0-9a-fA-F]{1,2})|\\(.)|([^\\]+)/gsu;

/** The text of a literal, or undefined where it is none. */
export function unquoteText(quoted: string): string | undefined {
  if (!literal.test(quoted)) return undefined;
  const bytes: number[] = [];
  for (const [, octal, hex, letter, plain] of quoted.slice(1, -1).matchAll(pieces)) {
    const escaped =
      octal !== undefined
        ? Number.parseInt(octal, 8)
        : hex !== undefined
          ? Number.parseInt(hex, 16)
          : named[letter ?? ''];
    if (plain !== undefined) bytes.push(...new TextEncoder().encode(plain));
    else if (escaped !== undefined && escaped < 256) bytes.push(escaped);
    else return undefined;
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
