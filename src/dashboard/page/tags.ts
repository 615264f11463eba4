/** The order of curves: those that everybody looks at first, then the others by their prefix. */

interface First {
  readonly title: string;
  readonly matches: RegExp;
}

/** The tags of these programs, TensorBoard's examples and PyTorch Lightning for the most important curves. */
const first: readonly First[] = [
  { title: 'Loss', matches: /^(total_loss|(train(ing)?[/_])?(epoch_)?loss(_(step|epoch))?)$/i },
  { title: 'Precision', matches: /(^|\/)(precision @ 1|(epoch_)?acc(uracy)?)$/i },
  { title: 'Learning rate', matches: /^(learning_rate|lr(-\w+)?)$/i },
  { title: 'Images/s', matches: /^(examples|images)_per_sec(ond)?$/i },
];

export interface TagGroup {
  readonly title: string;
  readonly tags: readonly string[];
}

/** Returns groups of tags: first the main curves, and then the other tags by the part before their first `/`. */
export function groupTags(tags: readonly string[]): readonly TagGroup[] {
  const rank = (tag: string) => first.findIndex(({ matches }) => matches.test(tag));
  const main = tags.filter((tag) => rank(tag) >= 0).sort((a, b) => rank(a) - rank(b) || compare(a, b));
  const groups = new Map<string, string[]>();
  for (const tag of tags.filter((tag) => rank(tag) < 0).sort(compare)) {
    const prefix = prefixOf(tag);
    groups.set(prefix, [...(groups.get(prefix) ?? []), tag]);
  }
  const single = [...groups].filter(([, list]) => list.length === 1).flatMap(([, list]) => list);
  const others = [...groups]
    .filter(([, list]) => list.length > 1)
    .map(([title, list]) => ({ title, tags: list }));
  return [{ title: 'Main curves', tags: main }, ...others, { title: 'Others', tags: single }].filter(
    (group) => group.tags.length > 0,
  );
}

/** The name of a curve for people: its own tag, with what it means if it is a main one. */
export function titleOf(tag: string): string {
  const title = first.find(({ matches }) => matches.test(tag))?.title;
  const slash = tag.lastIndexOf('/');
  return title === undefined ? tag : slash < 0 ? title : `${title} (${tag.slice(0, slash)})`;
}

/** Whether a tag contains a text that a person typed, ignoring case. Words in any order. */
export function matchesFilter(tag: string, filter: string): boolean {
  const words = filter.toLowerCase().split(/\s+/);
  return words.every((word) => tag.toLowerCase().includes(word));
}

function prefixOf(tag: string): string {
  const slash = tag.indexOf('/');
  return slash > 0 ? tag.slice(0, slash) : tag.replace(/ \(raw\)$/, '');
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
