/** Makes archives for tests (POSIX.1-1988 "ustar"), including entries that tar libraries refuse to write. */
export interface Packed {
  readonly path: string;
  /** The type of the entry. Default: `0`, a file. */
  readonly type?: string;
  readonly content?: Uint8Array;
}

export function tarOf(entries: readonly Packed[]): Uint8Array {
  return Buffer.concat([...entries.flatMap(packed), Buffer.alloc(1024)]);
}

function packed({ path, type = '0', content = new Uint8Array() }: Packed): readonly Uint8Array[] {
  const header = Buffer.alloc(512);
  header.write(path, 0, 100, 'latin1');
  header.write('0000644\0', 100);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write(type, 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
}
