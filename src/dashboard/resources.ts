/** All resources of the page, one line each. */
import { KnownRun, type RunSource } from './collect/source.ts';
import type { Place, Resource } from './resource.ts';
import { checkpointResource, networkResource } from './resources/checkpoint.ts';
import { evaluationsResource, mistakeResource } from './resources/evaluations.ts';
import { histogramsResource } from './resources/histograms.ts';
import { imageResource, imagesResource } from './resources/images.ts';
import { logResource } from './resources/log.ts';
import { runsResource } from './resources/runs.ts';
import { curveResource, scalarsResource } from './resources/scalars.ts';
import { idOf } from './wire.ts';

export const resourceTable: readonly Resource[] = [
  ...[runsResource, scalarsResource, curveResource],
  ...[histogramsResource, imagesResource, imageResource],
  ...[evaluationsResource, mistakeResource, logResource, checkpointResource, networkResource],
];

/** The run of the paths that have none. */
const noRun = new KnownRun({ path: '', folder: '', files: new Map() });

/** A content that a path leads to. */
export interface FoundResource {
  readonly resource: Resource;
  readonly place: Place;
  /** Changes when the content changes. */
  readonly revision: string;
}

/** Finds what a path below `data/` leads to. Anything but the exact path of a resource leads nowhere: nothing is decoded or
 * normalized, and no part of it becomes the path of a file. */
export function findResource(source: RunSource, path: string, isLive: boolean): FoundResource | undefined {
  const parts = path.split('/');
  for (const resource of resourceTable) {
    const found = match(resource.pattern.split('/'), parts, source, isLive);
    if (found !== undefined) return { resource, ...found };
  }
  return undefined;
}

function match(
  pattern: readonly string[],
  parts: readonly string[],
  source: RunSource,
  isLive: boolean,
): Omit<FoundResource, 'resource'> | undefined {
  if (pattern.length !== parts.length) return undefined;
  let known: KnownRun | undefined;
  let [tag, number] = ['', 0];
  for (const [index, expected] of pattern.entries()) {
    const part = parts[index] ?? '';
    const [word = '', ending = ''] = expected.split(/(?=\.)/);
    const value = part.endsWith(ending) ? part.slice(0, part.length - ending.length) : '';
    if (word === 'RUN') known = source.runWith(part);
    else if (word === 'TAG') tag = textWithId(value);
    else if (word === 'N') number = /^(0|[1-9]\d{0,6})$/.test(value) ? Number(value) : -1;
    else if (part !== expected) return undefined;
    if ((word === 'RUN' && known === undefined) || (word === 'TAG' && tag === '') || number < 0)
      return undefined;
  }
  const revision = known === undefined ? `${source.version}` : `${known.run.id}-${known.revision}`;
  return { place: { source, isLive, known: known ?? noRun, tag, number }, revision };
}

/** Returns the text with an id, or an empty text if it is no id. */
function textWithId(id: string): string {
  if (!/^[\w-]{1,4000}$/.test(id)) return '';
  const text = Buffer.from(id, 'base64url').toString('utf8');
  return idOf(text) === id ? text : '';
}

/** A path with its content, for an export. */
export interface ExportedPath {
  readonly path: string;
  readonly make: () => Promise<Uint8Array | string | undefined>;
}

/** Returns the paths of all resources. */
export async function pathsOf(source: RunSource): Promise<readonly ExportedPath[]> {
  const paths: ExportedPath[] = [];
  for (const resource of resourceTable) {
    const runs = resource.pattern.startsWith('RUN/') ? source.runs : [noRun];
    for (const known of runs) {
      const place = { source, isLive: false, known, tag: '', number: 0 };
      for (const part of await resource.list(place)) {
        const path = resource.pattern
          .split('/')
          .map((word) => (word === 'RUN' ? known.run.id : word.replace(/^(TAG|N)(?=\.)/, () => part)))
          .join('/');
        paths.push({ path, make: () => findAndMake(source, path) });
      }
    }
  }
  return paths;
}

async function findAndMake(source: RunSource, path: string): Promise<Uint8Array | string | undefined> {
  const found = findResource(source, path, false);
  return found?.resource.make(found.place);
}
