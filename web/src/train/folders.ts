/** Folders of pictures, one per class, that the user dropped or chose. */
import { pageClasses } from '../../../src/page/page-examples.ts';
import { type OwnClass, picturesOf } from './classes-editor.tsx';

interface FoundFile {
  /** The name of the folder that contains it. */
  readonly folder: string;
  readonly file: File;
}

/** Returns the files of folders that were dropped. They must be requested before the event ends. */
export async function droppedFiles(items: DataTransferItemList): Promise<readonly FoundFile[]> {
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  return (await Promise.all(entries.map((entry) => filesIn(entry, '')))).flat();
}

/** Returns the files of a folder that was chosen. */
export function chosenFiles(files: readonly File[]): readonly FoundFile[] {
  return files.map((file) => ({ folder: file.webkitRelativePath.split('/').at(-2) ?? '', file }));
}

/** Makes a class of every folder.
 * @throws Error if there are too few or too many folders */
export async function classesOf(
  files: readonly FoundFile[],
): Promise<{ readonly classes: readonly OwnClass[]; readonly problems: readonly string[] }> {
  const byFolder = new Map<string, File[]>();
  for (const { folder, file } of files)
    if (!file.name.startsWith('.')) byFolder.set(folder, [...(byFolder.get(folder) ?? []), file]);
  const { least, most } = pageClasses;
  if (byFolder.size < least || byFolder.size > most)
    throw new Error(
      `Found ${byFolder.size} folders with files, expected ${least} to ${most}: one folder of pictures for each class.`,
    );
  const classes: OwnClass[] = [];
  const problems: string[] = [];
  for (const [name, found] of byFolder) {
    const read = await picturesOf(found);
    classes.push({ name, pictures: read.pictures });
    problems.push(...read.problems);
  }
  return { classes, problems };
}

async function filesIn(entry: FileSystemEntry, folder: string): Promise<readonly FoundFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [{ folder, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: FileSystemEntry[] = [];
  // A reader returns at most 100 entries at a time.
  for (let part = await entriesOf(reader); part.length > 0; part = await entriesOf(reader))
    found.push(...part);
  return (await Promise.all(found.map((inner) => filesIn(inner, entry.name)))).flat();
}

function entriesOf(reader: FileSystemDirectoryReader): Promise<readonly FileSystemEntry[]> {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
}
