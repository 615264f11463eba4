/** A canvas that shows pixels. */
import { useEffect, useRef } from 'preact/hooks';

interface CanvasProps {
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  readonly label: string;
  readonly class?: string;
}

export function PixelCanvas({ pixels, width, height, label, class: name }: CanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    canvas.current?.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0);
  }, [pixels, width, height]);
  return (
    <canvas
      {...{ ref: canvas, width, height }}
      class={`pixels ${name ?? ''}`}
      role="img"
      aria-label={label}
    />
  );
}
