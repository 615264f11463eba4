/** Recognizes files that should be the archive but are not. */
import { openRegularFile } from '../../disk/regular-file.ts';
import { datasets } from '../datasets.ts';

/** Describes the archive of a known data set that has this size. Returns undefined if there is none. */
function archiveOf(size: number): string | undefined {
  for (const { title, archive, otherVersions = [] } of Object.values(datasets)) {
    if (archive?.bytes === size) return `the binary version of ${title} (${archive.name})`;
    const other = otherVersions.find(({ bytes }) => bytes === size);
    if (other !== undefined) return `${other.title} (${other.archive})`;
  }
  return undefined;
}

/** The magic numbers of file formats, with their offsets. */
const magic: readonly (readonly [at: number, bytes: readonly number[], what: string])[] = [
  [0, [0x50, 0x4b], 'a ZIP archive'],
  [0, [0x37, 0x7a, 0xbc, 0xaf], 'a 7-Zip archive'],
  [0, [0x52, 0x61, 0x72, 0x21], 'a RAR archive'],
  [0, [0x42, 0x5a, 0x68], 'a bzip2 file'],
  [0, [0xfd, 0x37, 0x7a, 0x58], 'an xz file'],
  [0, [0x28, 0xb5, 0x2f, 0xfd], 'a Zstandard file'],
  [0, [0x89, 0x50, 0x4e, 0x47], 'a PNG picture'],
  [257, [0x75, 0x73, 0x74, 0x61, 0x72], 'an uncompressed tar archive'],
];

/** Describes a file, as in `it is a ZIP archive`. Returns undefined if the file is not recognized.
 * @throws the error of the operating system */
export async function recognize(path: string): Promise<string | undefined> {
  const file = await openRegularFile(path);
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(new Uint8Array(512), 0, 512, 0);
    const start = buffer.subarray(0, bytesRead);
    const known = archiveOf(size) ?? formatOf(start);
    return known === undefined ? undefined : `it is ${known}`;
  } finally {
    await file.close();
  }
}

function formatOf(start: Uint8Array): string | undefined {
  if (start.length === 0) return 'empty';
  const found = magic.find(([at, bytes]) => bytes.every((byte, index) => start[at + index] === byte));
  if (found !== undefined) return found[2];
  const text = new TextDecoder().decode(start).trimStart().toLowerCase();
  if (text.startsWith('<!doctype html') || text.startsWith('<html')) return 'a web page';
  return start[0] === 0x1f && start[1] === 0x8b ? 'a different gzip file' : undefined;
}
