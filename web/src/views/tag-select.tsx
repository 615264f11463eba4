/** Chooses one tag of many. Tags with the same prefix are together. */
import { useId } from 'preact/hooks';
import { groupTags } from '../../../src/dashboard/page/tags.ts';
import { changeQuery } from '../navigation.ts';

interface TagSelectProps {
  readonly label: string;
  readonly tags: readonly string[];
  readonly value: string;
}

/** The tag is the value `tag` of the address. */
export function TagSelect({ label, tags, value }: TagSelectProps) {
  const id = useId();
  return (
    <label for={id}>
      <span>{label}</span>
      <select
        id={id}
        value={value}
        onChange={({ currentTarget }) => changeQuery({ tag: currentTarget.value })}
      >
        {groupTags(tags).map((group) => (
          <optgroup key={group.title} label={group.title}>
            {group.tags.map((tag) => (
              <option key={tag} value={tag}>
                {tag}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}
