/** The filters of the first layer, from the newest checkpoint. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import {
  type FilterPicture,
  filterPictures,
  filtersOnPictures,
} from '../../../src/dashboard/page/filter-pictures.ts';
import { formatValue } from '../../../src/dashboard/page/format.ts';
import { readTensorFile, type StoredTensor } from '../../../src/dashboard/page/tensor-file.ts';
import { messageOf } from '../../../src/errors.ts';
import { useResource } from '../client.ts';
import { Empty, Failure, Loading } from '../message.tsx';
import { useRoute } from '../navigation.ts';
import type { ViewProps } from '../views.ts';
import { TagSelect } from './tag-select.tsx';

export function FiltersView({ run }: ViewProps) {
  const { query } = useRoute();
  const [isCommon, setCommon] = useState(false);
  const { value, error } = useResource<ArrayBuffer>(`${run.id}/checkpoint.safetensors`, 'bytes');
  const { tensors, problem } = useMemo(() => filtersIn(value), [value]);
  const tensor = tensors.find(({ name }) => name === query['tag']) ?? tensors[0];
  const pictures = useMemo(
    () => (tensor === undefined ? [] : filterPictures(tensor, isCommon ? 'all' : 'each')),
    [tensor, isCommon],
  );
  if (error !== undefined) return <Failure error={error} />;
  if (value === undefined) return <Loading />;
  if (problem !== undefined) return <Failure error={`The newest checkpoint cannot be read: ${problem}`} />;
  if (tensor === undefined)
    return <Empty title="No filters">The newest checkpoint has no convolution of pictures.</Empty>;
  const [, , height = 0, width = 0] = tensor.shape;
  return (
    <section aria-label="Filters" class="panel">
      <div class="toolbar">
        <TagSelect label="Filters of" tags={tensors.map(({ name }) => name)} value={tensor.name} />
        <label>
          <input
            type="checkbox"
            checked={isCommon}
            onChange={({ currentTarget }) => setCommon(currentTarget.checked)}
          />
          <span>Same scale for all</span>
        </label>
      </div>
      <p class="hint">
        Each picture is one filter of {width} × {height} pixels: a bright color adds to the activation where
        the image has it, its complement subtracts. Gray is 0. The number is the root mean square of its
        weights.
      </p>
      <ul class="filters">
        {pictures.map((picture, index) => (
          <FilterItem key={`${tensor.name}/${index.toString()}`} {...{ picture, index, width, height }} />
        ))}
      </ul>
    </section>
  );
}

interface FoundFilters {
  readonly tensors: readonly StoredTensor[];
  readonly problem?: string;
}

function filtersIn(file: ArrayBuffer | undefined): FoundFilters {
  try {
    return { tensors: file === undefined ? [] : filtersOnPictures(readTensorFile(file)) };
  } catch (error) {
    return { tensors: [], problem: messageOf(error) };
  }
}

interface FilterProps {
  readonly picture: FilterPicture;
  readonly index: number;
  readonly width: number;
  readonly height: number;
}

function FilterItem({ picture: { pixels, size }, index, width, height }: FilterProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    canvas.current?.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0);
  }, [pixels, width, height]);
  return (
    <li>
      <canvas {...{ ref: canvas, width, height }} role="img" aria-label={`Filter ${index + 1}`} />
      <span title="The root mean square of its weights">{formatValue(Number(size.toPrecision(3)))}</span>
    </li>
  );
}
